//! The topic trie of wasmqtt.wasm: filters matched by topics (subscriptions), or stored topics
//! searched by filters (retained messages).

use crate::packet::{Error, Result};
use crate::wasmqtt::{ERROR_NO_MEMORY, SCRATCH_START, Wasmqtt};

// From assembly/layout.ts.
const REGISTER_ROWS: i32 = 1044;
const ROW_SIZE: i32 = 16;

/// A delivery: QoS in bits 0 and 1 of the options, 0x100 from a shared subscription.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub struct Row {
    pub subscriber: i32,
    pub options: i32,
    pub identifiers: Vec<i32>,
}

pub struct Trie {
    root: i32,
}

impl Trie {
    pub fn new(module: &mut Wasmqtt) -> Result<Self> {
        match module.call("trie_create", &[]) {
            0 => Err(Error::new(ERROR_NO_MEMORY)),
            root => Ok(Trie { root }),
        }
    }

    /// Subscriptions.
    pub fn len(&self, module: &mut Wasmqtt) -> i32 {
        module.call("trie_count", &[self.root])
    }

    fn with(&self, module: &mut Wasmqtt, name: &str, text: &str, after: &[i32]) -> Result<i32> {
        let length = module.put(text.as_bytes())?;
        module.try_call(name, &[&[self.root, SCRATCH_START, length], after].concat())
    }

    /// Whether it replaced a subscription of the same subscriber to the same filter.
    pub fn insert(
        &self,
        module: &mut Wasmqtt,
        filter: &str,
        subscriber: i32,
        options: i32,
        identifier: i32,
    ) -> Result<bool> {
        let result = self.with(module, "insert", filter, &[subscriber, options, identifier])?;
        Ok(result == 1)
    }

    /// Whether it was there.
    pub fn remove(&self, module: &mut Wasmqtt, filter: &str, subscriber: i32) -> Result<bool> {
        Ok(self.with(module, "remove", filter, &[subscriber])? == 1)
    }

    /// Who gets a message, without the no-local subscriptions of its publisher (-1 = none).
    pub fn matches(&self, module: &mut Wasmqtt, topic: &str, publisher: i32) -> Result<Vec<Row>> {
        let count = self.with(module, "match", topic, &[publisher])?;
        let [first] = module.words(REGISTER_ROWS);
        Ok((0..count).map(|i| Self::row(module, first + i * ROW_SIZE)).collect())
    }

    fn row(module: &Wasmqtt, address: i32) -> Row {
        let [subscriber, options, mut identifier, mut next] = module.words(address);
        let mut identifiers = Vec::new();
        while identifier != 0 {
            identifiers.push(identifier);
            if next == 0 {
                break;
            }
            [_, _, identifier, next] = module.words(next);
        }
        Row { subscriber, options, identifiers }
    }

    /// The identifiers of the stored topics that a filter matches.
    pub fn search(&self, module: &mut Wasmqtt, filter: &str) -> Result<Vec<i32>> {
        let count = self.with(module, "search", filter, &[])?;
        let [first] = module.words(REGISTER_ROWS);
        Ok((0..count).map(|i| module.words::<1>(first + i * 4)[0]).collect())
    }
}

impl Wasmqtt {
    /// Shared groups prefer subscribers that are online.
    pub fn set_online(&mut self, subscriber: i32, online: bool) -> Result<()> {
        self.try_call("set_online", &[subscriber, online as i32]).map(drop)
    }
}
