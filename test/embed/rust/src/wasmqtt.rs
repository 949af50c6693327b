//! wasmqtt.wasm in Rust, by wasmtime: bytes to packets, packets to bytes. One `Wasmqtt` a thread;
//! what it returns are copies.

use crate::packet::{Connect, Error, Packet, Property, Result, Value};
use std::hash::{BuildHasher, Hasher, RandomState};
use wasmtime::{Engine, Instance, Memory, Module, Store, Val};

// From assembly/layout.ts and assembly/codes.ts.
const ABI_VERSION: i32 = 1;
const CONNECT: i32 = 1;
pub const ERROR_ARGUMENT: i32 = -30;
pub const ERROR_NO_MEMORY: i32 = -31;
pub const REGISTER_CONSUMED: i32 = 1024;
const REGISTER_PROPERTIES_NEXT: i32 = 1032;
const CONNECT_START: i32 = 1152;
const RECORD_OWN: i32 = 1216;
pub const RECORDS_START: i32 = 2048;
pub const RECORD_SIZE: i32 = 64;
const PROPERTIES_START: i32 = 67584;
const PROPERTY_SIZE: i32 = 20;
pub const SCRATCH_START: i32 = 77824;
const SCRATCH_SIZE: usize = 196608;
const USER_PROPERTY: i32 = 0x26;
/// Properties that are strings or binary data.
const TEXTS: [i32; 9] = [0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f];

pub struct Wasmqtt {
    pub store: Store<()>,
    pub instance: Instance,
    pub memory: Memory,
}

impl Wasmqtt {
    pub fn new(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self> {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &Module::new(engine, wasm)?, &[])?;
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        let mut module = Wasmqtt { store, instance, memory };
        assert_eq!(module.call("abi_version", &[]), ABI_VERSION, "the ABI version");
        let seed = RandomState::new().build_hasher().finish() as i32;
        module.call("initialize", &[seed]);
        Ok(module)
    }

    /// Calls an export. A trap panics: no input makes one.
    pub fn call(&mut self, name: &str, arguments: &[i32]) -> i32 {
        let function = self.instance.get_func(&mut self.store, name).expect("an export");
        let arguments: Vec<Val> = arguments.iter().map(|&value| Val::I32(value)).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &arguments, &mut results).expect("no trap");
        results.first().map_or(0, Val::unwrap_i32)
    }

    /// The same for those that answer a negative error.
    pub fn try_call(&mut self, name: &str, arguments: &[i32]) -> Result<i32> {
        let result = self.call(name, arguments);
        if result < 0 { Err(Error::new(result)) } else { Ok(result) }
    }

    pub fn bytes(&self, start: i32, length: i32) -> &[u8] {
        &self.memory.data(&self.store)[start as usize..][..length as usize]
    }

    pub fn words<const N: usize>(&self, start: i32) -> [i32; N] {
        let bytes = self.bytes(start, 4 * N as i32);
        std::array::from_fn(|i| i32::from_le_bytes(bytes[i * 4..][..4].try_into().unwrap()))
    }

    pub fn write(&mut self, start: i32, bytes: &[u8]) {
        self.memory.data_mut(&mut self.store)[start as usize..][..bytes.len()]
            .copy_from_slice(bytes);
    }

    fn write_words(&mut self, start: i32, words: &[i32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.write(start, &bytes);
    }

    /// Puts a text where the exports find it; answers its length.
    pub fn put(&mut self, text: &[u8]) -> Result<i32> {
        if text.len() > SCRATCH_SIZE {
            return Err(Error::new(ERROR_ARGUMENT));
        }
        self.write(SCRATCH_START, text);
        Ok(text.len() as i32)
    }

    pub fn check_topic(&mut self, text: &[u8]) -> Result<()> {
        let length = self.put(text)?;
        self.try_call("check_topic", &[SCRATCH_START, length]).map(drop)
    }

    pub fn check_filter(&mut self, text: &[u8]) -> Result<()> {
        let length = self.put(text)?;
        self.try_call("check_filter", &[SCRATCH_START, length]).map(drop)
    }

    pub fn packet(&self, record: [i32; 16]) -> Packet {
        let bytes = |i: usize| self.bytes(record[i], record[i + 1]).to_vec();
        let expiry = match record[14] {
            0 => 0,
            at => u32::from_be_bytes(self.bytes(at, 4).try_into().unwrap()),
        };
        Packet {
            head: record[0],
            packet_id: record[4],
            reason: record[5],
            topic: bytes(6),
            properties: bytes(8),
            payload: bytes(10),
            count: record[12],
            alias: record[13],
            expiry,
            bits: record[15],
            connect: (record[0] >> 4 == CONNECT).then(|| self.connect()),
        }
    }

    fn connect(&self) -> Connect {
        let block: [i32; 16] = self.words(CONNECT_START);
        let bytes = |i: usize| self.bytes(block[i], block[i + 1]).to_vec();
        Connect {
            level: block[0],
            flags: block[1],
            keep_alive: block[2],
            client_id: bytes(4),
            will_properties: bytes(6),
            will_topic: bytes(8),
            will_payload: bytes(10),
            user_name: bytes(12),
            password: bytes(14),
        }
    }

    /// The properties of a packet, one by one.
    pub fn properties(&mut self, text: &[u8]) -> Result<Vec<Property>> {
        let mut list = Vec::new();
        let end = SCRATCH_START + self.put(text)?;
        let mut at = SCRATCH_START;
        while at < end {
            let count = self.try_call("properties", &[at, end - at])?;
            for i in 0..count {
                let [id, first, length, second, second_length] =
                    self.words(PROPERTIES_START + i * PROPERTY_SIZE);
                let text = |start, length| self.bytes(start, length).to_vec();
                let value = match id {
                    USER_PROPERTY => Value::Pair(text(first, length), text(second, second_length)),
                    _ if TEXTS.contains(&id) => Value::Text(text(first, length)),
                    _ => Value::Integer(first as u32),
                };
                list.push(Property { id, value });
            }
            [at] = self.words(REGISTER_PROPERTIES_NEXT);
        }
        Ok(list)
    }

    /// The bytes of a packet; count, alias and expiry are what its other fields say.
    pub fn encode(&mut self, packet: &Packet, version: i32) -> Result<Vec<u8>> {
        let mut parts = vec![&packet.topic, &packet.properties, &packet.payload];
        if let Some(c) = &packet.connect {
            parts.extend([&c.client_id, &c.will_properties, &c.will_topic]);
            parts.extend([&c.will_payload, &c.user_name, &c.password]);
        }
        let room = 64 + parts.iter().map(|part| part.len() as i32).sum::<i32>(); // 64: all other fields
        let block = self.call("allocate", &[room * 2]);
        if block == 0 {
            return Err(Error::new(ERROR_NO_MEMORY));
        }
        let (mut at, mut spans) = (block, Vec::new());
        for part in parts {
            self.write(at, part);
            spans.extend([if part.is_empty() { 0 } else { at }, part.len() as i32]);
            at += part.len() as i32;
        }
        let mut record = vec![packet.head, 0, 0, 0, packet.packet_id, packet.reason];
        record.extend(spans.iter().take(6));
        record.extend([0, 0, 0, packet.bits]);
        self.write_words(RECORD_OWN, &record);
        if let Some(c) = &packet.connect {
            self.write_words(CONNECT_START, &[c.level, c.flags, c.keep_alive, 0]);
            self.write_words(CONNECT_START + 16, &spans[6..]);
        }
        let length = self.try_call("encode", &[RECORD_OWN, version, at, room]);
        let encoded = length.map(|length| self.bytes(at, length).to_vec());
        self.call("free", &[block]);
        encoded
    }
}
