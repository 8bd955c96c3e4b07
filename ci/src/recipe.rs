// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Recipes: what an artefact is made of and how, as a hash.

/// What an artefact is made of and how.
///
/// # Example
///
/// ```
/// use ci::recipe::Recipe;
///
/// let source = Recipe::new("source").with("package", "xen");
/// let xen = Recipe::new("xen").from(&source).with("config", "CONFIG_DEBUG=y");
/// assert!(xen.directory().starts_with("xen-"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recipe {
    name: &'static str,
    hash: u64,
}

impl Recipe {
    /// Begins the recipe of `name`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            hash: FNV_OFFSET,
        }
        .with("name", name)
    }

    /// Adds an input: a text, and what it is to the artefact.
    #[must_use]
    pub fn with(mut self, role: &str, text: &str) -> Self {
        // The lengths keep two inputs from looking like two others.
        for part in [role, text] {
            self.add(&part.len().to_le_bytes());
            self.add(part.as_bytes());
        }
        self
    }

    /// Adds several inputs of one kind.
    #[must_use]
    pub fn with_all(self, role: &str, texts: &[&str]) -> Self {
        texts
            .iter()
            .fold(self, |recipe, text| recipe.with(role, text))
    }

    /// Adds an artefact that this one is made from.
    #[must_use]
    pub fn from(self, other: &Self) -> Self {
        self.with("from", &other.directory())
    }

    /// What is made.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The hash of all inputs, in hexadecimal.
    pub fn hash(&self) -> String {
        format!("{:016x}", self.hash)
    }

    /// The name of the artefact's directory.
    pub fn directory(&self) -> String {
        format!("{}-{}", self.name, self.hash())
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
        }
    }
}

// FNV-1a. It tells recipes apart; what is downloaded is checked by apt.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut recipe = Recipe {
            name: "",
            hash: FNV_OFFSET,
        };
        recipe.add(b"foobar");
        assert_eq!(recipe.hash(), "85944171f73967e8");
    }

    #[test]
    fn equal_inputs_give_equal_hashes() {
        assert_eq!(
            Recipe::new("a").with("b", "c"),
            Recipe::new("a").with("b", "c")
        );
    }

    #[test]
    fn moving_a_letter_between_inputs_changes_the_hash() {
        let one = Recipe::new("a").with("t", "bc").with("t", "d");
        let two = Recipe::new("a").with("t", "b").with("t", "cd");
        assert_ne!(one, two);
    }

    #[test]
    fn a_change_below_changes_what_is_built_from_it() {
        let old = Recipe::new("kernel").with("config", "A=y");
        let new = Recipe::new("kernel").with("config", "A=n");
        assert_ne!(
            Recipe::new("root").from(&old),
            Recipe::new("root").from(&new)
        );
    }
}
