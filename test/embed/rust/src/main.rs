//! The vectors in Rust: main <module> <document> prints the report as one line of JSON.

mod decoder;
mod packet;
mod trie;
mod wasmqtt;

use decoder::Decoder;
use packet::{Connect, Packet, Property, Result, Value as Field};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use trie::{Row, Trie};
use wasmqtt::{RECORD_SIZE, RECORDS_START, Wasmqtt};

type Failure = Box<dyn std::error::Error>;

fn int(value: &Value) -> i32 {
    value.as_i64().unwrap_or(0) as i32
}

fn ints(value: &Value) -> Vec<i32> {
    value.as_array().map_or(Vec::new(), |list| list.iter().map(int).collect())
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap_or("");
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

fn packet_of(v: &Value) -> Packet {
    Packet {
        head: int(&v["head"]),
        packet_id: int(&v["packetId"]),
        reason: int(&v["reason"]),
        topic: hex(&v["topic"]),
        properties: hex(&v["properties"]),
        payload: hex(&v["payload"]),
        count: int(&v["count"]),
        alias: int(&v["alias"]),
        expiry: v["expiry"].as_u64().unwrap_or(0) as u32,
        bits: int(&v["bits"]),
        connect: v["connect"].is_object().then(|| connect_of(&v["connect"])),
    }
}

fn connect_of(v: &Value) -> Connect {
    Connect {
        level: int(&v["level"]),
        flags: int(&v["flags"]),
        keep_alive: int(&v["keepAlive"]),
        client_id: hex(&v["clientId"]),
        will_properties: hex(&v["willProperties"]),
        will_topic: hex(&v["willTopic"]),
        will_payload: hex(&v["willPayload"]),
        user_name: hex(&v["userName"]),
        password: hex(&v["password"]),
    }
}

fn property_of(v: &Value) -> Property {
    let id = int(&v["id"]);
    let value = match id {
        0x26 => Field::Pair(hex(&v["bytes"]), hex(&v["second"])),
        0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1a | 0x1c | 0x1f => {
            Field::Text(hex(&v["bytes"]))
        }
        _ => Field::Integer(v["value"].as_u64().unwrap_or(0) as u32),
    };
    Property { id, value }
}

fn code_of<T>(result: &Result<T>) -> i32 {
    result.as_ref().err().map_or(0, |error| error.code)
}

/// What a decoder makes of bytes in pieces of these sizes, used again and again.
fn push_all(m: &mut Wasmqtt, v: &Value, sizes: &[i32]) -> Result<(Vec<Packet>, Decoder)> {
    let mut decoder = Decoder::new(int(&v["version"]), int(&v["sender"]), int(&v["packetSizeMax"]));
    let (bytes, mut packets, mut turn) = (hex(&v["bytes"]), Vec::new(), 0);
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(sizes[turn % sizes.len()] as usize));
        packets.extend(decoder.push(m, piece)?);
        (rest, turn) = (after, turn + 1);
    }
    Ok((packets, decoder))
}

fn pass(m: &mut Wasmqtt, group: &str, v: &Value) -> Result<bool> {
    let (version, result) = (int(&v["version"]), int(&v["result"]));
    Ok(match group {
        "decode" => {
            let expected = vec![packet_of(&v["packet"])];
            push_all(m, v, &[i32::MAX])?.0 == expected && push_all(m, v, &[1])?.0 == expected
        }
        "encode" => m.encode(&packet_of(&v["packet"]), version)? == hex(&v["bytes"]),
        "invalid" => {
            let wanted = (int(&v["error"]), int(&v["reason"]), int(&v["position"]));
            let mut right = |sizes: &[i32]| {
                let (packets, decoder) = push_all(m, v, sizes)?;
                let found = decoder.error.map(|error| (error.code, error.reason, error.position));
                Ok(packets.is_empty() && found == Some(wanted))
            };
            right(&[i32::MAX])? && right(&[1])?
        }
        "unencodable" => code_of(&m.encode(&packet_of(&v["packet"]), version)) == int(&v["error"]),
        "properties" => {
            let list = v["properties"].as_array().into_iter().flatten();
            m.properties(&hex(&v["bytes"]))? == list.map(property_of).collect::<Vec<_>>()
        }
        "streams" => {
            let (packets, decoder) = push_all(m, v, &ints(&v["chunks"]))?;
            let heads: Vec<i32> = packets.iter().map(|packet| packet.head).collect();
            let payload: usize = packets.iter().map(|packet| packet.payload.len()).sum();
            let error = decoder.error.map_or(0, |error| error.code);
            (heads, payload as i32, error)
                == (ints(&v["heads"]), int(&v["payloadBytes"]), int(&v["error"]))
        }
        "names" if v["kind"] == "topic" => code_of(&m.check_topic(&hex(&v["bytes"]))) == result,
        "names" => code_of(&m.check_filter(&hex(&v["bytes"]))) == result,
        "tries" => {
            let trie = Trie::new(m)?;
            let mut steps = v["steps"].as_array().into_iter().flatten();
            steps.all(|step| pass_step(m, &trie, step).unwrap_or(false))
        }
        "calls" => m.call(v["name"].as_str().unwrap_or(""), &ints(&v["arguments"])) == result,
        _ => false,
    })
}

fn pass_step(m: &mut Wasmqtt, trie: &Trie, s: &Value) -> Result<bool> {
    let (text, subscriber) = (s["text"].as_str().unwrap_or(""), int(&s["subscriber"]));
    let (options, result) = (int(&s["options"]), int(&s["result"]));
    Ok(match s["action"].as_str() {
        Some("insert") => {
            let answer = trie.insert(m, text, subscriber, options, int(&s["identifier"]));
            answer.map_or_else(|error| error.code, i32::from) == result
        }
        Some("remove") => i32::from(trie.remove(m, text, subscriber)?) == result,
        Some("count") => trie.len(m) == result,
        Some("online") => m.set_online(subscriber, options == 1).is_ok(),
        Some("search") => {
            let mut found = trie.search(m, text)?;
            found.sort();
            found == ints(&s["identifiers"])
        }
        _ => {
            let mut rows = trie.matches(m, text, subscriber)?;
            rows.iter_mut().for_each(|row| row.identifiers.sort());
            rows.sort_by_key(|row| (row.subscriber, row.options));
            let expected = s["rows"].as_array().into_iter().flatten().map(|row| Row {
                subscriber: int(&row["subscriber"]),
                options: int(&row["options"]),
                identifiers: ints(&row["identifiers"]),
            });
            rows == expected.collect::<Vec<_>>()
        }
    })
}

/// Nanoseconds a packet: the best of some rounds.
fn bench(m: &mut Wasmqtt, v: &Value) -> std::result::Result<f64, Failure> {
    let batch = hex(&v["packet"]).repeat(int(&v["count"]) as usize);
    let start = m.call("reserve", &[batch.len() as i32]);
    let decode =
        m.instance.get_typed_func::<(i32, i32, i32, i32, i32), i32>(&mut m.store, "decode")?;
    let arguments = (start, batch.len() as i32, int(&v["version"]), 1, 0);
    let (mut best, mut sum) = (f64::INFINITY, 0u64);
    for _ in 0..50 {
        let (started, mut packets) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_millis(10) {
            m.write(start, &batch);
            let count = decode.call(&mut m.store, arguments)?;
            for record in
                m.bytes(RECORDS_START, count * RECORD_SIZE).chunks_exact(RECORD_SIZE as usize)
            {
                for at in [24, 28, 40, 44] {
                    sum += u64::from(u32::from_le_bytes(record[at..at + 4].try_into()?));
                }
            }
            packets += count;
        }
        best = best.min(started.elapsed().as_nanos() as f64 / f64::from(packets));
    }
    assert!(sum > 0, "nothing was decoded");
    Ok(best)
}

fn main() -> std::result::Result<(), Failure> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let document: Value = serde_json::from_slice(&std::fs::read(&paths[1])?)?;
    let mut module = Wasmqtt::new(&wasmtime::Engine::default(), &std::fs::read(&paths[0])?)?;
    let (mut passed, mut total, mut failures) = (0, 0, Vec::new());
    for (group, vectors) in document.as_object().into_iter().flatten() {
        for vector in vectors.as_array().into_iter().flatten() {
            total += 1;
            match pass(&mut module, group, vector) {
                Ok(true) => passed += 1,
                other if failures.len() < 10 => {
                    failures.push(format!("{group}: {}: {other:?}", vector["title"]));
                }
                _ => {}
            }
        }
    }
    let nanoseconds = bench(&mut module, &document["bench"])?;
    let version = "wasmtime 48";
    println!(
        "{}",
        json!({ "version": version, "passed": passed, "total": total,
        "nanoseconds": nanoseconds, "failures": failures })
    );
    Ok(())
}
