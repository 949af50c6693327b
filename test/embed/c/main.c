/* The vectors in C: main <module> <document> prints the report as one line of JSON. The module is
 * compiled in; its path is there to make all runners alike. */

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "wasm-rt-impl.h"

enum { FAILURES_SHOWN = 10, ROUNDS = 50, ROUND_NANOSECONDS = 10000000 };

static struct wasmqtt instance;
static struct wasmqtt *const module = &instance;

static int integer(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  return item == NULL ? 0 : (int)item->valuedouble;
}

static const char *string(const cJSON *object, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const cJSON *item(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Bytes of hexadecimal digits. They are never freed: the program ends soon. */
static struct wasmqtt_bytes hex(const cJSON *object, const char *name) {
  const char *digits = string(object, name);
  uint32_t length = (uint32_t)strlen(digits) / 2;
  uint8_t *data = malloc(length + 1);
  for (uint32_t i = 0; i < length; i++) {
    char pair[3] = {digits[2 * i], digits[2 * i + 1], 0};
    data[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return (struct wasmqtt_bytes){data, length};
}

static struct wasmqtt_bytes text(const cJSON *object, const char *name) {
  const char *characters = string(object, name);
  return (struct wasmqtt_bytes){(const uint8_t *)characters, (uint32_t)strlen(characters)};
}

static void add_hex(cJSON *object, const char *name, struct wasmqtt_bytes bytes) {
  char *digits = calloc(2, bytes.length + 1);
  for (uint32_t i = 0; i < bytes.length; i++) sprintf(digits + 2 * i, "%02x", bytes.data[i]);
  cJSON_AddStringToObject(object, name, digits);
  free(digits);
}

/* A packet in the words of the document. */
static void collect(void *list, const struct wasmqtt_packet *packet) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToArray(list, object);
  cJSON_AddNumberToObject(object, "head", packet->head);
  cJSON_AddNumberToObject(object, "packetId", packet->packet_id);
  cJSON_AddNumberToObject(object, "reason", packet->reason);
  add_hex(object, "topic", packet->topic);
  add_hex(object, "properties", packet->properties);
  add_hex(object, "payload", packet->payload);
  cJSON_AddNumberToObject(object, "count", packet->count);
  cJSON_AddNumberToObject(object, "alias", packet->alias);
  cJSON_AddNumberToObject(object, "expiry", packet->expiry);
  cJSON_AddNumberToObject(object, "bits", packet->bits);
  if (packet->connect == NULL) {
    cJSON_AddNullToObject(object, "connect");
    return;
  }
  cJSON *connect = cJSON_AddObjectToObject(object, "connect");
  cJSON_AddNumberToObject(connect, "level", packet->connect->level);
  cJSON_AddNumberToObject(connect, "flags", packet->connect->flags);
  cJSON_AddNumberToObject(connect, "keepAlive", packet->connect->keep_alive);
  add_hex(connect, "clientId", packet->connect->client_id);
  add_hex(connect, "willProperties", packet->connect->will_properties);
  add_hex(connect, "willTopic", packet->connect->will_topic);
  add_hex(connect, "willPayload", packet->connect->will_payload);
  add_hex(connect, "userName", packet->connect->user_name);
  add_hex(connect, "password", packet->connect->password);
}

static void collect_property(void *list, const struct wasmqtt_property *property) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToArray(list, object);
  cJSON_AddNumberToObject(object, "id", property->id);
  cJSON_AddNumberToObject(object, "value", property->value);
  add_hex(object, "bytes", property->text);
  add_hex(object, "second", property->second);
}

/* Pushes the bytes of a vector in pieces of these sizes; the packets come as a list. */
static cJSON *push_all(struct wasmqtt_decoder *decoder, const cJSON *v, const cJSON *sizes) {
  cJSON *list = cJSON_CreateArray();
  struct wasmqtt_bytes bytes = hex(v, "bytes");
  int count = cJSON_GetArraySize(sizes);
  *decoder = (struct wasmqtt_decoder){.version = integer(v, "version"),
                                      .sender = integer(v, "sender"),
                                      .packet_size_max = integer(v, "packetSizeMax")};
  for (int turn = 0; bytes.length > 0; turn++) {
    uint32_t size = (uint32_t)cJSON_GetArrayItem(sizes, turn % count)->valuedouble;
    if (size > bytes.length) size = bytes.length;
    wasmqtt_push(module, decoder, bytes.data, size, collect, list);
    bytes = (struct wasmqtt_bytes){bytes.data + size, bytes.length - size};
  }
  wasmqtt_decoder_free(decoder);
  return list;
}

static cJSON *sizes_of(double size) { return cJSON_CreateDoubleArray(&size, 1); }

static int decodes(const cJSON *v, double size) {
  struct wasmqtt_decoder decoder;
  const cJSON *list = push_all(&decoder, v, sizes_of(size));
  return decoder.error == 0 && cJSON_GetArraySize(list) == 1 &&
         cJSON_Compare(list->child, item(v, "packet"), 1);
}

static int refuses(const cJSON *v, double size) {
  struct wasmqtt_decoder decoder;
  const cJSON *list = push_all(&decoder, v, sizes_of(size));
  return cJSON_GetArraySize(list) == 0 && decoder.error == integer(v, "error") &&
         decoder.reason == integer(v, "reason") && decoder.position == integer(v, "position");
}

static int streams(const cJSON *v) {
  struct wasmqtt_decoder decoder;
  const cJSON *list = push_all(&decoder, v, item(v, "chunks")), *packet;
  const cJSON *head = item(v, "heads")->child;
  size_t payload = 0;
  cJSON_ArrayForEach(packet, list) {
    if (head == NULL || integer(packet, "head") != head->valueint) return 0;
    head = head->next;
    payload += strlen(string(packet, "payload")) / 2;
  }
  return head == NULL && (int)payload == integer(v, "payloadBytes") &&
         decoder.error == integer(v, "error");
}

static uint8_t encoded[1 << 16];

static int32_t encode(const cJSON *v) {
  const cJSON *p = item(v, "packet"), *c = item(p, "connect");
  struct wasmqtt_connect connect;
  if (!cJSON_IsNull(c)) {
    connect = (struct wasmqtt_connect){
        integer(c, "level"), integer(c, "flags"), integer(c, "keepAlive"), hex(c, "clientId"),
        hex(c, "willProperties"), hex(c, "willTopic"), hex(c, "willPayload"), hex(c, "userName"),
        hex(c, "password")};
  }
  struct wasmqtt_packet packet = {
      .head = integer(p, "head"),
      .packet_id = integer(p, "packetId"),
      .reason = integer(p, "reason"),
      .bits = integer(p, "bits"),
      .topic = hex(p, "topic"),
      .properties = hex(p, "properties"),
      .payload = hex(p, "payload"),
      .connect = cJSON_IsNull(c) ? NULL : &connect,
  };
  return wasmqtt_encode(module, &packet, integer(v, "version"), encoded, sizeof encoded);
}

static int encodes(const cJSON *v) {
  struct wasmqtt_bytes expected = hex(v, "bytes");
  int32_t size = encode(v);
  return size == (int32_t)expected.length && memcmp(encoded, expected.data, expected.length) == 0;
}

static int lists(const cJSON *v) {
  cJSON *list = cJSON_CreateArray();
  int32_t error = wasmqtt_properties(module, hex(v, "bytes"), collect_property, list);
  return error == 0 && cJSON_Compare(list, item(v, "properties"), 1);
}

static int ascending(const void *a, const void *b) {
  int32_t one = *(const int32_t *)a, other = *(const int32_t *)b;
  return (one > other) - (one < other);
}

/* Whether integers are those of a list, in any order. */
static int same(const int32_t *values, int count, const cJSON *list) {
  int32_t *sorted = malloc(sizeof(int32_t) * (size_t)(count + 1));
  memcpy(sorted, values, sizeof(int32_t) * (size_t)count);
  qsort(sorted, (size_t)count, sizeof(int32_t), ascending);
  int equal = cJSON_GetArraySize(list) == count;
  for (int i = 0; equal && i < count; i++) {
    equal = sorted[i] == cJSON_GetArrayItem(list, i)->valueint;
  }
  free(sorted);
  return equal;
}

/* Whether the expected row is among those found: subscriber and options name one row only. */
static int has_row(const struct wasmqtt_row *rows, int32_t count, const cJSON *expected) {
  for (int i = 0; i < count; i++) {
    if (rows[i].subscriber != integer(expected, "subscriber")) continue;
    if (rows[i].options != integer(expected, "options")) continue;
    int32_t identifiers[64];
    int found = 0;
    for (const struct wasmqtt_row *row = &rows[i]; row != NULL; row = wasmqtt_next(module, row)) {
      if (row->identifier != 0) identifiers[found++] = row->identifier;
    }
    return same(identifiers, found, item(expected, "identifiers"));
  }
  return 0;
}

static int step(uint32_t trie, const cJSON *s) {
  const char *action = string(s, "action");
  int32_t subscriber = integer(s, "subscriber"), options = integer(s, "options");
  int32_t result = integer(s, "result");
  struct wasmqtt_bytes name = text(s, "text");
  if (strcmp(action, "insert") == 0) {
    int32_t identifier = integer(s, "identifier");
    return wasmqtt_insert(module, trie, name, subscriber, options, identifier) == result;
  }
  if (strcmp(action, "remove") == 0) {
    return wasmqtt_remove(module, trie, name, subscriber) == result;
  }
  if (strcmp(action, "count") == 0) return wasmqtt_count(module, trie) == result;
  if (strcmp(action, "online") == 0) return wasmqtt_set_online(module, subscriber, options) == 0;
  if (strcmp(action, "search") == 0) {
    const int32_t *identifiers;
    int32_t count = wasmqtt_search(module, trie, name, &identifiers);
    return count >= 0 && same(identifiers, count, item(s, "identifiers"));
  }
  const struct wasmqtt_row *rows;
  const cJSON *expected;
  int32_t count = wasmqtt_match(module, trie, name, subscriber, &rows);
  if (count != cJSON_GetArraySize(item(s, "rows"))) return 0;
  cJSON_ArrayForEach(expected, item(s, "rows")) {
    if (!has_row(rows, count, expected)) return 0;
  }
  return 1;
}

static int tries(const cJSON *v) {
  uint32_t trie = wasmqtt_trie(module);
  const cJSON *one;
  cJSON_ArrayForEach(one, item(v, "steps")) {
    if (!step(trie, one)) return 0;
  }
  return trie != 0;
}

static int calls(const cJSON *v) {
  const char *name = string(v, "name");
  uint32_t a[6] = {0};
  for (int i = 0; i < cJSON_GetArraySize(item(v, "arguments")); i++) {
    a[i] = (uint32_t)(int64_t)cJSON_GetArrayItem(item(v, "arguments"), i)->valuedouble;
  }
  uint32_t result = 0;
#define IF(export, ...) else if (strcmp(name, #export) == 0) result = CALL(export, __VA_ARGS__)
  if (0) return 0;
  IF(decode, a[0], a[1], a[2], a[3], a[4]);
  IF(encode, a[0], a[1], a[2], a[3]);
  IF(properties, a[0], a[1]);
  IF(encode_properties, a[0], a[1], a[2]);
  IF(check_topic, a[0], a[1]);
  IF(check_filter, a[0], a[1]);
  IF(check_text, a[0], a[1]);
  IF(insert, a[0], a[1], a[2], a[3], a[4], a[5]);
  IF(remove, a[0], a[1], a[2], a[3]);
  IF(match, a[0], a[1], a[2], a[3]);
  IF(search, a[0], a[1], a[2]);
  IF(set_online, a[0], a[1]);
  else return 0;
  return (int32_t)result == integer(v, "result");
}

static int passes(const char *group, const cJSON *v) {
  if (strcmp(group, "decode") == 0) return decodes(v, 1e9) && decodes(v, 1);
  if (strcmp(group, "encode") == 0) return encodes(v);
  if (strcmp(group, "invalid") == 0) return refuses(v, 1e9) && refuses(v, 1);
  if (strcmp(group, "unencodable") == 0) return encode(v) == integer(v, "error");
  if (strcmp(group, "properties") == 0) return lists(v);
  if (strcmp(group, "streams") == 0) return streams(v);
  if (strcmp(group, "tries") == 0) return tries(v);
  if (strcmp(group, "calls") == 0) return calls(v);
  if (strcmp(string(v, "kind"), "topic") == 0) {
    return wasmqtt_check_topic(module, hex(v, "bytes")) == integer(v, "result");
  }
  return wasmqtt_check_filter(module, hex(v, "bytes")) == integer(v, "result");
}

/* A trap is a failure like any other. */
static int survives(const char *group, const cJSON *v) {
  return wasm_rt_impl_try() == 0 && passes(group, v);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds a packet: the best of some rounds. */
static double bench(const cJSON *v) {
  struct wasmqtt_bytes one = hex(v, "packet");
  uint32_t count = (uint32_t)integer(v, "count"), length = one.length * count;
  uint8_t *batch = malloc(length);
  for (uint32_t i = 0; i < length; i++) batch[i] = one.data[i % one.length];
  uint32_t start = CALL(reserve, length);
  double best = 1e18;
  volatile uint64_t sum = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double started = now(), packets = 0;
    while (now() - started < ROUND_NANOSECONDS) {
      memcpy(memory(module, start), batch, length);
      uint32_t found = CALL(decode, start, length, (uint32_t)integer(v, "version"), 1, 0);
      const struct record *record = (struct record *)memory(module, RECORDS_START);
      uint64_t offsets = 0;
      for (uint32_t i = 0; i < found; i++, record++) {
        offsets += record->topic.start + record->topic.length;
        offsets += record->payload.start + record->payload.length;
      }
      sum += offsets;
      packets += found;
    }
    double nanoseconds = (now() - started) / packets;
    if (nanoseconds < best) best = nanoseconds;
  }
  return best;
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  char *content = calloc(1, size + 1);
  if (fread(content, 1, size, file) != size) return NULL;
  fclose(file);
  return content;
}

int main(int count, char **paths) {
  wasm_rt_init();
  cJSON *document = cJSON_Parse(count == 3 ? read_file(paths[2]) : NULL);
  if (document == NULL || wasmqtt_open(module, (int32_t)now()) != 0) return 1;
  cJSON *report = cJSON_CreateObject(), *failures = cJSON_AddArrayToObject(report, "failures");
  const cJSON *group, *vector;
  int passed = 0, total = 0;
  cJSON_ArrayForEach(group, document) {
    if (!cJSON_IsArray(group)) continue;
    cJSON_ArrayForEach(vector, group) {
      total++;
      int pass = survives(group->string, vector);
      passed += pass;
      if (pass || cJSON_GetArraySize(failures) == FAILURES_SHOWN) continue;
      cJSON *failure = cJSON_CreateArray();
      cJSON_AddItemToArray(failure, cJSON_CreateString(group->string));
      cJSON_AddItemToArray(failure, cJSON_CreateString(string(vector, "title")));
      cJSON_AddItemToArray(failures, cJSON_CreateString(cJSON_PrintUnformatted(failure)));
    }
  }
  cJSON_AddStringToObject(report, "version", "wasm2c, gcc " __VERSION__);
  cJSON_AddNumberToObject(report, "passed", passed);
  cJSON_AddNumberToObject(report, "total", total);
  cJSON_AddNumberToObject(report, "nanoseconds", bench(item(document, "bench")));
  puts(cJSON_PrintUnformatted(report));
  return 0;
}
