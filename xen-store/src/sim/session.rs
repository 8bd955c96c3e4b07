// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One connection of the simulated server.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use super::access::{self, Need};
use super::domains;
use super::tree::{Change, Node, Transaction, Tree};
use super::{Peer, Request, State, Watch};
use crate::connection::lock;
use crate::error::Errno;
use crate::path;
use crate::permissions::Permissions;
use crate::wire::{Decoder, Message, MessageType, PAYLOAD_MAX};

pub(super) const OK: &[u8] = b"OK\0";

pub(super) type Answer = Result<Vec<u8>, Errno>;

pub(super) struct Session {
    id: u64,
    domain: u16,
    state: Arc<Mutex<State>>,
    transactions: BTreeMap<u32, Transaction>,
    next_transaction: u32,
}

impl Session {
    pub(super) fn new(id: u64, domain: u16, state: Arc<Mutex<State>>) -> Self {
        Self {
            id,
            domain,
            state,
            transactions: BTreeMap::new(),
            next_transaction: 1,
        }
    }

    /// Answers until the client closes, or sends what kills a connection.
    pub(super) fn serve(mut self, mut stream: &UnixStream) {
        let mut decoder = Decoder::new();
        'connection: while let Ok(count @ 1..) = stream.read(decoder.space()) {
            decoder.commit(count);
            loop {
                match decoder.next_message() {
                    Ok(Some(message)) if message.payload.len() > PAYLOAD_MAX => break 'connection,
                    Ok(Some(message)) => self.answer(message),
                    Ok(None) => break,
                    Err(_) => break 'connection,
                }
            }
        }
        if let Some(peer) = lock(&self.state).peers.remove(&self.id) {
            peer.close();
        }
    }

    fn answer(&mut self, message: Message<'_>) {
        let shared = Arc::clone(&self.state);
        let mut state = lock(&shared);
        let Message {
            kind,
            req_id,
            tx_id,
            payload,
        } = message;
        state.record(Request {
            kind,
            tx_id,
            payload: payload.to_vec(),
        });
        let answer = match self.handle(&mut state, message) {
            Ok(answer) if answer.len() > PAYLOAD_MAX => Err(Errno::TooBig),
            answer => answer,
        };
        let hold = state.holding;
        let Some(peer) = state.peers.get_mut(&self.id) else {
            return;
        };
        match &answer {
            Ok(answer) => peer.send(kind, req_id, tx_id, answer),
            Err(errno) => {
                let name = format!("{errno}\0");
                peer.send(MessageType::Error, req_id, tx_id, name.as_bytes());
            }
        }
        if kind == MessageType::Watch && answer.is_ok() {
            let last = peer.watches.len() - 1;
            let path = peer.watches[last].resolved.clone();
            peer.fire(last, &path, hold);
        }
    }

    fn handle(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let Message {
            kind,
            tx_id,
            payload,
            ..
        } = message;
        match kind {
            MessageType::Watch => return self.watch(state, payload),
            MessageType::Unwatch => return self.unwatch(state, payload),
            MessageType::GetPerms | MessageType::SetPerms if payload.starts_with(b"@") => {
                return self.special(state, message);
            }
            _ if tx_id != 0 && !self.transactions.contains_key(&tx_id) => {
                return Err(Errno::NotFound);
            }
            _ => {}
        }
        match kind {
            MessageType::Read => self.node(state, message).map(|node| node.value.clone()),
            MessageType::GetPerms => self
                .node(state, message)
                .map(|node| node.permissions.clone()),
            MessageType::Directory => self.node(state, message).map(child_list),
            MessageType::DirectoryPart => self.directory_part(state, message),
            MessageType::Write | MessageType::Mkdir | MessageType::Rm | MessageType::SetPerms => {
                self.change(state, message)
            }
            MessageType::TransactionStart => self.start(state, tx_id),
            MessageType::TransactionEnd => self.end(state, message),
            MessageType::ResetWatches => {
                self.transactions.clear();
                self.peer(state)?.watches.clear();
                Ok(OK.into())
            }
            _ if self.domain != 0 && kind != MessageType::GetDomainPath => Err(Errno::Access),
            _ => domains::request(state, kind, payload),
        }
    }

    fn peer<'a>(&self, state: &'a mut State) -> Result<&'a mut Peer, Errno> {
        state.peers.get_mut(&self.id).ok_or(Errno::Io)
    }

    fn resolve(&self, path: &str) -> Result<String, Errno> {
        path::check(path).or(Err(Errno::Invalid))?;
        Ok(if path.starts_with('/') {
            path.into()
        } else {
            format!("/local/domain/{}/{path}", self.domain)
        })
    }

    /// The tree in the view of a request.
    fn view<'a>(&'a self, state: &'a State, tx_id: u32) -> &'a Tree {
        match self.transactions.get(&tx_id) {
            Some(transaction) => transaction.view(),
            None => &state.tree,
        }
    }

    /// The node at `path`, if the domain may do with it what it needs.
    ///
    /// Who may not know of a node is not told that it does not exist.
    fn allowed<'a>(&self, tree: &'a Tree, path: &str, need: Need) -> Result<&'a Node, Errno> {
        let nearest = tree.nearest(path);
        if !access::allows(&nearest.permissions, self.domain, need) {
            return Err(Errno::Access);
        }
        tree.node(path).ok_or(Errno::NotFound)
    }

    /// The node that the first string of the payload names, to be read.
    fn node<'a>(&'a mut self, state: &'a State, message: Message<'_>) -> Result<&'a Node, Errno> {
        let path = self.resolve(first(message.payload)?.0)?;
        if let Some(transaction) = self.transactions.get_mut(&message.tx_id) {
            transaction.touch(&path);
        }
        let tree = self.view(state, message.tx_id);
        self.allowed(tree, &path, Need::Read)
    }

    fn change(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let (path, rest) = first(message.payload)?;
        let path = self.resolve(path)?;
        let change = match message.kind {
            MessageType::Write => Change::Write(rest.into()),
            MessageType::Mkdir => Change::Create,
            MessageType::Rm => Change::Remove,
            _ if Permissions::from_payload(rest).is_none() => return Err(Errno::Invalid),
            _ => Change::SetPermissions(rest.into()),
        };
        self.check_change(state, message.tx_id, &path, &change)?;
        match self.transactions.get_mut(&message.tx_id) {
            Some(transaction) => transaction.apply(&path, change)?,
            None => {
                let effect = state.tree.apply(&path, &change, self.domain)?;
                state.fire_all(&effect.fired);
            }
        }
        Ok(OK.into())
    }

    /// Whether permissions and quotas let the domain make a change.
    fn check_change(
        &self,
        state: &State,
        tx_id: u32,
        path: &str,
        change: &Change,
    ) -> Result<(), Errno> {
        let tree = self.view(state, tx_id);
        let quota = |name, count| match state.quotas.allows(self.domain, name, count) {
            true => Ok(()),
            false => Err(Errno::NoSpace),
        };
        let need = match change {
            Change::SetPermissions(_) => Need::Own,
            _ => Need::Write,
        };
        let creates = match self.allowed(tree, path, need) {
            Ok(_) => false,
            Err(Errno::NotFound) => true,
            Err(errno) => return Err(errno),
        };
        match change {
            Change::Write(value) => quota("node-size", value.len())?,
            Change::SetPermissions(list) => {
                quota(
                    "permissions",
                    list.iter().filter(|&&byte| byte == 0).count(),
                )?;
                let owner = tree.nearest(path).permissions.clone();
                if self.domain != 0 && access::owner(list) != access::owner(&owner) {
                    return Err(Errno::NotPermitted);
                }
            }
            Change::Create | Change::Remove => {}
        }
        if creates && matches!(change, Change::Write(_) | Change::Create) {
            let missing = path.matches('/').count();
            let present = |end| tree.node(&path[..end]).is_some();
            let ends = path.match_indices('/').skip(1).map(|(end, _)| end);
            let missing = missing - ends.filter(|&end| present(end)).count();
            quota("nodes", tree.owned_by(self.domain) + missing)?;
        }
        Ok(())
    }

    /// Permissions of `@introduceDomain` and `@releaseDomain`.
    fn special(&self, state: &mut State, message: Message<'_>) -> Answer {
        let (path, rest) = first(message.payload)?;
        let permissions = state.special(path);
        let set = message.kind == MessageType::SetPerms;
        let need = if set { Need::Own } else { Need::Read };
        if !access::allows(&permissions, self.domain, need) {
            return Err(Errno::Access);
        }
        if set {
            Permissions::from_payload(rest).ok_or(Errno::Invalid)?;
            state.specials.insert(path.into(), rest.into());
            return Ok(OK.into());
        }
        Ok(permissions)
    }

    fn watch(&self, state: &mut State, payload: &[u8]) -> Answer {
        let watch = self.watch_of(payload)?;
        let peer = self.peer(state)?;
        if peer.watches.iter().any(|other| other.is_same(&watch)) {
            return Err(Errno::Exists);
        }
        let count = peer.watches.len() + 1;
        if !state.quotas.allows(self.domain, "watches", count) {
            return Err(Errno::TooBig);
        }
        self.peer(state)?.watches.push(watch);
        Ok(OK.into())
    }

    fn unwatch(&self, state: &mut State, payload: &[u8]) -> Answer {
        let watch = self.watch_of(payload)?;
        let watches = &mut self.peer(state)?.watches;
        let position = watches.iter().position(|other| other.is_same(&watch));
        watches.remove(position.ok_or(Errno::NotFound)?);
        Ok(OK.into())
    }

    fn watch_of(&self, payload: &[u8]) -> Result<Watch, Errno> {
        let (path, rest) = first(payload)?;
        let (token, rest) = first(rest)?;
        let depth = match rest {
            b"" => None,
            depth => Some(first(depth)?.0.parse().or(Err(Errno::Invalid))?),
        };
        let resolved = if path.starts_with('@') {
            path::check_watched(path)
                .map(|()| path.into())
                .or(Err(Errno::Invalid))?
        } else {
            self.resolve(path)?
        };
        Ok(Watch {
            path: path.into(),
            resolved,
            token: token.into(),
            depth,
        })
    }

    fn directory_part(&mut self, state: &State, message: Message<'_>) -> Answer {
        let offset = first(message.payload)?.1;
        let offset = first(offset)?.0.parse::<usize>().unwrap_or(0);
        let node = self.node(state, message)?;
        let list = child_list(node);
        let mut answer = format!("{}\0", node.generation).into_bytes();
        let mut rest = list.get(offset..).unwrap_or_default();
        while let Some(end) = rest.iter().position(|&byte| byte == 0) {
            // Room for the empty name that ends the list.
            if answer.len() + end + 2 > PAYLOAD_MAX {
                return Ok(answer);
            }
            let (name, after) = rest.split_at(end + 1);
            answer.extend_from_slice(name);
            rest = after;
        }
        answer.push(0);
        Ok(answer)
    }

    fn start(&mut self, state: &State, tx_id: u32) -> Answer {
        if tx_id != 0 {
            return Err(Errno::Busy);
        }
        let count = self.transactions.len() + 1;
        if !state.quotas.allows(self.domain, "transactions", count) {
            return Err(Errno::NoSpace);
        }
        let id = self.next_transaction;
        self.next_transaction += 1;
        self.transactions
            .insert(id, Transaction::new(&state.tree, self.domain));
        Ok(format!("{id}\0").into())
    }

    fn end(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let commit = match message.payload {
            b"T\0" => true,
            b"F\0" => false,
            _ => return Err(Errno::Invalid),
        };
        let transaction = self
            .transactions
            .remove(&message.tx_id)
            .ok_or(Errno::NotFound)?;
        if commit {
            let fired = transaction.commit(&mut state.tree)?;
            state.fire_all(&fired);
        }
        Ok(OK.into())
    }
}

impl Watch {
    fn is_same(&self, other: &Self) -> bool {
        (&self.resolved, &self.token) == (&other.resolved, &other.token)
    }
}

/// The first string of a payload, which must end with a NUL, and what follows it.
pub(super) fn first(payload: &[u8]) -> Result<(&str, &[u8]), Errno> {
    let end = payload
        .iter()
        .position(|&byte| byte == 0)
        .ok_or(Errno::Invalid)?;
    let (text, rest) = payload.split_at(end);
    Ok((str::from_utf8(text).or(Err(Errno::Invalid))?, &rest[1..]))
}

fn child_list(node: &Node) -> Vec<u8> {
    node.children
        .iter()
        .flat_map(|name| [name.as_bytes(), b"\0"].concat())
        .collect()
}
