/* Topic names, filters and tries of wasmqtt.h. */

#include "memory.h"

/* Puts the text into memory, then calls an export with what stands behind. */
#define WITH(text, export, ...)       \
  int32_t length = put(module, text); \
  if (length < 0) return length;      \
  return (int32_t)CALL(export, __VA_ARGS__)

int32_t wasmqtt_check_topic(struct wasmqtt *module, struct wasmqtt_bytes text) {
  WITH(text, check_topic, SCRATCH_START, (uint32_t)length);
}

int32_t wasmqtt_check_filter(struct wasmqtt *module, struct wasmqtt_bytes text) {
  WITH(text, check_filter, SCRATCH_START, (uint32_t)length);
}

uint32_t wasmqtt_trie(struct wasmqtt *module) {
  return Z_wasmqttZ_trie_create(&module->instance);
}

int32_t wasmqtt_count(struct wasmqtt *module, uint32_t trie) {
  return (int32_t)CALL(trie_count, trie);
}

int32_t wasmqtt_insert(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       int32_t subscriber, int32_t options, int32_t identifier) {
  WITH(filter, insert, trie, SCRATCH_START, (uint32_t)length, (uint32_t)subscriber,
       (uint32_t)options, (uint32_t)identifier);
}

int32_t wasmqtt_remove(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       int32_t subscriber) {
  WITH(filter, remove, trie, SCRATCH_START, (uint32_t)length, (uint32_t)subscriber);
}

int32_t wasmqtt_match(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes topic,
                      int32_t publisher, const struct wasmqtt_row **rows) {
  int32_t length = put(module, topic);
  if (length < 0) return length;
  uint32_t count = CALL(match, trie, SCRATCH_START, (uint32_t)length, (uint32_t)publisher);
  *rows = (struct wasmqtt_row *)memory(module, word(module, REGISTER_ROWS));
  return (int32_t)count;
}

const struct wasmqtt_row *wasmqtt_next(struct wasmqtt *module, const struct wasmqtt_row *row) {
  return row->next == 0 ? NULL : (struct wasmqtt_row *)memory(module, row->next);
}

int32_t wasmqtt_search(struct wasmqtt *module, uint32_t trie, struct wasmqtt_bytes filter,
                       const int32_t **identifiers) {
  int32_t length = put(module, filter);
  if (length < 0) return length;
  uint32_t count = CALL(search, trie, SCRATCH_START, (uint32_t)length);
  *identifiers = (int32_t *)memory(module, word(module, REGISTER_ROWS));
  return (int32_t)count;
}

int32_t wasmqtt_set_online(struct wasmqtt *module, int32_t subscriber, int32_t online) {
  return (int32_t)CALL(set_online, (uint32_t)subscriber, (uint32_t)online);
}
