//! What a packet is to a program. Strings are UTF-8 bytes.

use std::fmt;

/// A code of codes.ts; `reason` and `position` (in the packet) are those of a malformed packet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Error {
    pub code: i32,
    pub reason: i32,
    pub position: i32,
}

impl Error {
    pub fn new(code: i32) -> Self {
        Error { code, ..Error::default() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "wasmqtt: error {}", self.code)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

/// `head` is type << 4 | flags; `payload` of SUBSCRIBE, SUBACK and so on is the list of items;
/// `properties` are bytes, see `Wasmqtt::properties`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packet {
    pub head: i32,
    pub packet_id: i32,
    pub reason: i32,
    pub topic: Vec<u8>,
    pub properties: Vec<u8>,
    pub payload: Vec<u8>,
    pub count: i32,
    pub alias: i32,
    pub expiry: u32,
    pub bits: i32,
    pub connect: Option<Connect>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connect {
    pub level: i32,
    pub flags: i32,
    pub keep_alive: i32,
    pub client_id: Vec<u8>,
    pub will_properties: Vec<u8>,
    pub will_topic: Vec<u8>,
    pub will_payload: Vec<u8>,
    pub user_name: Vec<u8>,
    pub password: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(u32),
    Text(Vec<u8>),
    Pair(Vec<u8>, Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    pub id: i32,
    pub value: Value,
}
