// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The tree of nodes, and transactions on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access;
use crate::error::Errno;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Vec<u8>,
    /// As in the payload of SET_PERMS.
    pub(super) permissions: Vec<u8>,
    pub(super) children: Vec<String>,
    /// Differs after every change of the node, its children's names included.
    pub(super) generation: u64,
}

/// Cheap to copy: a transaction starts with a copy.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Arc<BTreeMap<String, Node>>,
    generation: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(Vec<u8>),
    Create,
    Remove,
    SetPermissions(Vec<u8>),
}

/// A path for which watches fire.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) path: String,
    /// Only watches on the path itself; otherwise also those above it.
    pub(super) exact: bool,
    /// Whoever may read one of these may know: the node before and after, and its parent.
    pub(super) visible: Vec<Vec<u8>>,
}

/// What a change did.
#[derive(Debug, Default)]
pub(super) struct Effect {
    pub(super) fired: Vec<Fired>,
    /// Nodes that it read or changed.
    touched: BTreeSet<String>,
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node {
            value: Vec::new(),
            permissions: b"n0\0".to_vec(),
            children: Vec::new(),
            generation: 0,
        };
        Self {
            nodes: Arc::new(BTreeMap::from([("/".into(), root)])),
            generation: 0,
        }
    }
}

impl Tree {
    pub(super) fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    fn generation(&self, path: &str) -> Option<u64> {
        self.node(path).map(|node| node.generation)
    }

    /// How many nodes a domain owns.
    pub(super) fn owned_by(&self, domain: u16) -> usize {
        let owned = |node: &&Node| access::owner(&node.permissions) == Some(domain);
        self.nodes.values().filter(owned).count()
    }

    /// What makes a change of a node visible.
    fn visible(&self, path: &str) -> Vec<Vec<u8>> {
        [path, split(path).0]
            .iter()
            .filter_map(|path| self.node(path))
            .map(|node| node.permissions.clone())
            .collect()
    }

    /// The node, or else the nearest above it that exists.
    pub(super) fn nearest(&self, mut path: &str) -> &Node {
        loop {
            match self.node(path) {
                Some(node) => return node,
                None => path = split(path).0,
            }
        }
    }

    /// Changes the node at `path`, which is absolute and valid, for domain `by`.
    pub(super) fn apply(&mut self, path: &str, change: &Change, by: u16) -> Result<Effect, Errno> {
        let mut effect = Effect::default();
        effect.touched.insert(path.into());
        let exists = self.node(path).is_some();
        match change {
            Change::Remove => return self.remove(path, effect),
            Change::SetPermissions(_) if !exists => return Err(Errno::NotFound),
            Change::Create if exists => return Ok(effect),
            _ => {}
        }
        let mut visible = self.visible(path);
        self.create(path, by, &mut effect);
        self.modify(path, |node| match change {
            Change::Write(value) => node.value.clone_from(value),
            Change::SetPermissions(permissions) => node.permissions.clone_from(permissions),
            Change::Create | Change::Remove => {}
        });
        visible.extend(self.visible(path));
        effect.fired.push(Fired {
            path: path.into(),
            exact: false,
            visible,
        });
        Ok(effect)
    }

    /// Creates a node and its parents with the permissions of the nearest that exists; a guest
    /// owns what it creates.
    fn create(&mut self, path: &str, by: u16, effect: &mut Effect) {
        effect.touched.insert(path.into());
        if self.node(path).is_some() {
            return;
        }
        let (parent, name) = split(path);
        self.create(parent, by, effect);
        let mut permissions = Vec::new();
        self.modify(parent, |node| {
            node.children.push(name.into());
            permissions = access::inherited(&node.permissions, by);
        });
        let node = Node {
            value: Vec::new(),
            permissions,
            children: Vec::new(),
            generation: 0,
        };
        Arc::make_mut(&mut self.nodes).insert(path.into(), node);
        self.modify(path, |_| {});
    }

    fn remove(&mut self, path: &str, mut effect: Effect) -> Result<Effect, Errno> {
        if path == "/" {
            return Err(Errno::Invalid);
        }
        let (parent, name) = split(path);
        effect.touched.insert(parent.into());
        if self.node(path).is_none() {
            let parent = self.node(parent);
            return parent.map(|_| effect).ok_or(Errno::NotFound);
        }
        let prefix = format!("{path}/");
        let below = self
            .nodes
            .range(prefix.clone()..)
            .map(|(path, _)| path.clone());
        let below: Vec<String> = below.take_while(|path| path.starts_with(&prefix)).collect();
        let visible = self.visible(path);
        let nodes = Arc::make_mut(&mut self.nodes);
        nodes.remove(path);
        for path in below.into_iter().rev() {
            let removed = nodes.remove(&path);
            effect.touched.insert(path.clone());
            effect.fired.push(Fired {
                path,
                exact: true,
                visible: removed.into_iter().map(|node| node.permissions).collect(),
            });
        }
        self.modify(parent, |node| node.children.retain(|child| child != name));
        effect.fired.push(Fired {
            path: path.into(),
            exact: false,
            visible,
        });
        Ok(effect)
    }

    fn modify(&mut self, path: &str, change: impl FnOnce(&mut Node)) {
        self.generation += 1;
        if let Some(node) = Arc::make_mut(&mut self.nodes).get_mut(path) {
            change(node);
            node.generation = self.generation;
        }
    }
}

/// The parent and the name of a path that is not the root.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(split) => split,
        None => ("/", path),
    }
}

/// A transaction: sees the tree as it was at its start, and its own changes.
#[derive(Debug)]
pub(super) struct Transaction {
    start: Tree,
    view: Tree,
    touched: BTreeSet<String>,
    changes: Vec<(String, Change)>,
    by: u16,
}

impl Transaction {
    pub(super) fn new(tree: &Tree, by: u16) -> Self {
        Self {
            by,
            start: tree.clone(),
            view: tree.clone(),
            touched: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    pub(super) fn touch(&mut self, path: &str) {
        self.touched.insert(path.into());
    }

    /// The tree as the transaction sees it.
    pub(super) fn view(&self) -> &Tree {
        &self.view
    }

    pub(super) fn apply(&mut self, path: &str, change: Change) -> Result<(), Errno> {
        let effect = self.view.apply(path, &change, self.by)?;
        self.touched.extend(effect.touched);
        self.changes.push((path.into(), change));
        Ok(())
    }

    /// Applies the changes to `tree` unless a node that was touched has changed there.
    pub(super) fn commit(self, tree: &mut Tree) -> Result<Vec<Fired>, Errno> {
        let unchanged = |path: &String| self.start.generation(path) == tree.generation(path);
        if !self.touched.iter().all(unchanged) {
            return Err(Errno::Again);
        }
        let mut fired = Vec::new();
        for (path, change) in &self.changes {
            fired.extend(tree.apply(path, change, self.by)?.fired);
        }
        Ok(fired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(tree: &mut Tree, path: &str) {
        tree.apply(path, &Change::Write(b"v".to_vec()), 0).unwrap();
    }

    #[test]
    fn removing_takes_the_subtree_and_nothing_beside_it() {
        let mut tree = Tree::default();
        write(&mut tree, "/a/b/c");
        write(&mut tree, "/a/b-1");

        let effect = tree.apply("/a/b", &Change::Remove, 0).unwrap();

        assert!(tree.node("/a/b").is_none() && tree.node("/a/b/c").is_none());
        assert_eq!(tree.node("/a").unwrap().children, ["b-1"]);
        let fired: Vec<_> = effect
            .fired
            .iter()
            .map(|event| (&*event.path, event.exact))
            .collect();
        assert_eq!(fired, [("/a/b/c", true), ("/a/b", false)]);
    }

    #[test]
    fn a_removal_needs_a_parent_but_no_node() {
        let mut tree = Tree::default();

        assert!(tree.apply("/a", &Change::Remove, 0).is_ok());
        assert_eq!(
            tree.apply("/a/b", &Change::Remove, 0).unwrap_err(),
            Errno::NotFound
        );
        assert_eq!(
            tree.apply("/", &Change::Remove, 0).unwrap_err(),
            Errno::Invalid
        );
    }

    #[test]
    fn a_change_of_what_was_read_is_a_conflict() {
        let mut tree = Tree::default();
        let mut transaction = Transaction::new(&tree, 0);
        transaction.touch("/a");
        transaction.apply("/b", Change::Create).unwrap();

        write(&mut tree, "/a");

        assert_eq!(transaction.commit(&mut tree).unwrap_err(), Errno::Again);
        assert!(tree.node("/b").is_none());
    }

    #[test]
    fn a_change_of_something_else_is_no_conflict() {
        let mut tree = Tree::default();
        write(&mut tree, "/a/x");
        write(&mut tree, "/b/x");
        let mut transaction = Transaction::new(&tree, 0);
        transaction
            .apply("/a/x", Change::Write(b"1".to_vec()))
            .unwrap();

        write(&mut tree, "/b/x");
        let fired = transaction.commit(&mut tree).unwrap();

        assert_eq!(fired.len(), 1);
        assert_eq!(tree.node("/a/x").unwrap().value, b"1");
    }
}
