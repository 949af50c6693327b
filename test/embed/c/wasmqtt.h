/* wasmqtt.wasm in C, by wasm2c: bytes to packets, packets to bytes, topics to subscribers.
 * One struct wasmqtt a thread, on little-endian machines. What functions point to lies in the
 * module's memory and is dead after the next call. Functions that fail answer a code of codes.ts,
 * which is negative. */
#ifndef WASMQTT_H
#define WASMQTT_H

#include <stddef.h>
#include <stdint.h>

#include "module.h" /* what wasm2c makes of wasmqtt.wasm: see README.md */

enum {
  WASMQTT_ERROR_NO_ROOM = -29,
  WASMQTT_ERROR_ARGUMENT = -30,
  WASMQTT_ERROR_NO_MEMORY = -31,
};

struct wasmqtt {
  Z_wasmqtt_instance_t instance;
};

struct wasmqtt_bytes {
  const uint8_t *data;
  uint32_t length;
};

/* What only CONNECT has. */
struct wasmqtt_connect {
  int32_t level, flags, keep_alive;
  struct wasmqtt_bytes client_id, will_properties, will_topic, will_payload, user_name, password;
};

/* What a packet does not have is 0 or NULL. head is type << 4 | flags; payload of SUBSCRIBE, SUBACK
 * and so on is the list of items; properties are bytes: see wasmqtt_properties. */
struct wasmqtt_packet {
  int32_t head, packet_id, reason, count, alias, bits;
  uint32_t expiry;
  struct wasmqtt_bytes topic, properties, payload;
  const struct wasmqtt_connect *connect;
};

/* value of integers, text of strings and binary data, both halves of a user property. */
struct wasmqtt_property {
  int32_t id;
  uint32_t value;
  struct wasmqtt_bytes text, second;
};

/* The bytes of one connection. version is 0 where a CONNECT is to come, packet_size_max 0 is none;
 * the rest starts as 0. error is why the connection must be closed, with the reason MQTT 5 answers
 * and the offset of the byte at fault in its packet. */
struct wasmqtt_decoder {
  int32_t version, sender, packet_size_max;
  int32_t error, reason, position;
  uint8_t *tail;
  uint32_t tail_length;
};

/* A delivery: QoS in bits 0 and 1 of the options, 0x100 from a shared subscription; identifier 0 is
 * none; further ones are in the rows that wasmqtt_next gives. */
struct wasmqtt_row {
  int32_t subscriber, options, identifier;
  uint32_t next;
};

typedef void wasmqtt_on_packet(void *user, const struct wasmqtt_packet *packet);
typedef void wasmqtt_on_property(void *user, const struct wasmqtt_property *property);

/* 0, or WASMQTT_ERROR_ARGUMENT when the module has another ABI. The seed is against floods of
 * topics that hash alike. */
int32_t wasmqtt_open(struct wasmqtt *module, int32_t seed);
void wasmqtt_close(struct wasmqtt *module);

/* Decodes what has arrived, in whatever pieces; answers 0 or an error. */
int32_t wasmqtt_push(struct wasmqtt *module, struct wasmqtt_decoder *decoder, const void *chunk,
                     uint32_t length, wasmqtt_on_packet *on_packet, void *user);
void wasmqtt_decoder_free(struct wasmqtt_decoder *decoder);

/* Lists the properties of a packet; answers 0 or an error. */
int32_t wasmqtt_properties(struct wasmqtt *module, struct wasmqtt_bytes bytes,
                           wasmqtt_on_property *on_property, void *user);

/* Writes the bytes of a packet; answers how many, or an error. */
int32_t wasmqtt_encode(struct wasmqtt *module, const struct wasmqtt_packet *packet, int32_t version,
                       void *encoded, uint32_t capacity);

/* 0, or what is wrong with a topic name or filter. */
int32_t wasmqtt_check_topic(struct wasmqtt *module, struct wasmqtt_bytes text);
int32_t wasmqtt_check_filter(struct wasmqtt *module, struct wasmqtt_bytes text);

/* A new trie, 0 = no memory. */
uint32_t wasmqtt_trie(struct wasmqtt *module);
int32_t wasmqtt_count(struct wasmqtt *module, uint32_t trie);
/* 1 if it replaced a subscription of the same subscriber to the same filter. */
int32_t wasmqtt_insert(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       int32_t subscriber, int32_t options, int32_t identifier);
/* 1 if it was there. */
int32_t wasmqtt_remove(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       int32_t subscriber);
/* Rows of those who get a message, without the no-local ones of its publisher (-1 = none). */
int32_t wasmqtt_match(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes topic,
                      int32_t publisher, const struct wasmqtt_row **rows);
const struct wasmqtt_row *wasmqtt_next(struct wasmqtt *module, const struct wasmqtt_row *row);
/* Identifiers of the stored topics that a filter matches. */
int32_t wasmqtt_search(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       const int32_t **identifiers);
/* Shared groups prefer subscribers that are online. */
int32_t wasmqtt_set_online(struct wasmqtt *module, int32_t subscriber, int32_t online);

#endif
