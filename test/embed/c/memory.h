/* What lies in the module's memory, word for word, and how to get at it. For wasmqtt.c and topics.c. */
#ifndef WASMQTT_MEMORY_H
#define WASMQTT_MEMORY_H

#include <string.h>

#include "wasmqtt.h"

/* From assembly/layout.ts and assembly/codes.ts. */
enum {
  ABI_VERSION = 1,
  CONNECT = 1,
  REGISTER_CONSUMED = 1024,
  REGISTER_PROPERTIES_NEXT = 1032,
  REGISTER_ROWS = 1044,
  CONNECT_START = 1152,
  RECORD_OWN = 1216,
  RECORDS_START = 2048,
  PROPERTIES_START = 67584,
  SCRATCH_START = 77824,
  SCRATCH_SIZE = 196608,
};

#define CALL(export, ...) Z_wasmqttZ_##export(&module->instance, __VA_ARGS__)

struct span {
  uint32_t start, length;
};

struct record {
  int32_t head, error;
  struct span packet;
  int32_t packet_id, reason;
  struct span topic, properties, payload;
  int32_t count, alias;
  uint32_t expiry_at;
  int32_t bits;
};

struct block {
  int32_t level, flags, keep_alive, reserved;
  struct span client_id, will_properties, will_topic, will_payload, user_name, password;
};

struct entry {
  int32_t id;
  struct span text, second;
};

static inline uint8_t *memory(struct wasmqtt *module, uint32_t address) {
  return module->instance.w2c_memory.data + address;
}

static inline uint32_t word(struct wasmqtt *module, uint32_t address) {
  return *(uint32_t *)memory(module, address);
}

static inline struct wasmqtt_bytes view(struct wasmqtt *module, struct span span) {
  return (struct wasmqtt_bytes){memory(module, span.start), span.length};
}

/* Puts a text where the exports find it; answers its length, or an error. */
static inline int32_t put(struct wasmqtt *module, struct wasmqtt_bytes text) {
  if (text.length > SCRATCH_SIZE) return WASMQTT_ERROR_ARGUMENT;
  if (text.length > 0) memcpy(memory(module, SCRATCH_START), text.data, text.length);
  return (int32_t)text.length;
}

#endif
