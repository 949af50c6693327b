//! The bytes of one connection to packets.

use crate::packet::{Error, Packet, Result};
use crate::wasmqtt::{ERROR_NO_MEMORY, RECORD_SIZE, RECORDS_START, REGISTER_CONSUMED, Wasmqtt};

/// Push what arrives, in whatever pieces.
pub struct Decoder {
    pub version: i32,
    pub sender: i32,
    pub packet_size_max: i32,
    /// Why the connection must be closed; after that `push` gives nothing.
    pub error: Option<Error>,
    tail: Vec<u8>,
}

impl Decoder {
    /// `version` is 0 where a CONNECT is to come, `packet_size_max` 0 is none.
    pub fn new(version: i32, sender: i32, packet_size_max: i32) -> Self {
        Decoder { version, sender, packet_size_max, error: None, tail: Vec::new() }
    }

    pub fn push(&mut self, module: &mut Wasmqtt, chunk: &[u8]) -> Result<Vec<Packet>> {
        let mut packets = Vec::new();
        self.tail.extend_from_slice(chunk);
        let mut start = module.call("reserve", &[self.tail.len() as i32]);
        if start == 0 {
            return Err(Error::new(ERROR_NO_MEMORY));
        }
        module.write(start, &self.tail);
        let mut consumed = 1;
        while consumed > 0 && self.error.is_none() {
            let length = self.tail.len() as i32;
            let limits = [start, length, self.version, self.sender, self.packet_size_max];
            for i in 0..module.call("decode", &limits) {
                let record: [i32; 16] = module.words(RECORDS_START + i * RECORD_SIZE);
                if record[1] != 0 {
                    let (code, reason, position) = (record[1], record[5], record[10] - record[2]);
                    self.error = Some(Error { code, reason, position });
                    break;
                }
                packets.push(module.packet(record));
                self.version = packets
                    .last()
                    .and_then(|p| p.connect.as_ref())
                    .map_or(self.version, |c| c.level);
            }
            [consumed] = module.words(REGISTER_CONSUMED);
            start += consumed;
            self.tail.drain(..consumed as usize);
        }
        Ok(packets)
    }
}
