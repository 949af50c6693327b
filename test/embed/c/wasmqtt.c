/* The codec of wasmqtt.h: bytes to packets, packets to bytes. */

#include <stdlib.h>

#include "memory.h"

int32_t wasmqtt_open(struct wasmqtt *module, int32_t seed) {
  Z_wasmqtt_init_module();
  Z_wasmqtt_instantiate(&module->instance);
  if (Z_wasmqttZ_abi_version(&module->instance) != ABI_VERSION) return WASMQTT_ERROR_ARGUMENT;
  CALL(initialize, (uint32_t)seed);
  return 0;
}

void wasmqtt_close(struct wasmqtt *module) { Z_wasmqtt_free(&module->instance); }

static struct wasmqtt_connect read_connect(struct wasmqtt *module) {
  const struct block *block = (struct block *)memory(module, CONNECT_START);
  return (struct wasmqtt_connect){
      .level = block->level,
      .flags = block->flags,
      .keep_alive = block->keep_alive,
      .client_id = view(module, block->client_id),
      .will_properties = view(module, block->will_properties),
      .will_topic = view(module, block->will_topic),
      .will_payload = view(module, block->will_payload),
      .user_name = view(module, block->user_name),
      .password = view(module, block->password),
  };
}

static void give(struct wasmqtt *module, const struct record *record, struct wasmqtt_decoder *decoder,
                 wasmqtt_on_packet *on_packet, void *user) {
  struct wasmqtt_packet packet = {
      .head = record->head,
      .packet_id = record->packet_id,
      .reason = record->reason,
      .count = record->count,
      .alias = record->alias,
      .bits = record->bits,
      .topic = view(module, record->topic),
      .properties = view(module, record->properties),
      .payload = view(module, record->payload),
  };
  if (record->expiry_at != 0) {
    packet.expiry = __builtin_bswap32(word(module, record->expiry_at));
  }
  struct wasmqtt_connect connect;
  if (record->head >> 4 == CONNECT) {
    connect = read_connect(module);
    packet.connect = &connect;
    decoder->version = connect.level;
  }
  on_packet(user, &packet);
}

int32_t wasmqtt_push(struct wasmqtt *module, struct wasmqtt_decoder *decoder, const void *chunk,
                     uint32_t length, wasmqtt_on_packet *on_packet, void *user) {
  uint32_t left = decoder->tail_length + length;
  uint32_t start = CALL(reserve, left);
  if (start == 0) return WASMQTT_ERROR_NO_MEMORY;
  if (decoder->tail_length > 0) memcpy(memory(module, start), decoder->tail, decoder->tail_length);
  memcpy(memory(module, start + decoder->tail_length), chunk, length);
  for (uint32_t consumed = 1; consumed > 0 && decoder->error == 0;) {
    int32_t count = (int32_t)CALL(decode, start, left, (uint32_t)decoder->version,
                                  (uint32_t)decoder->sender, (uint32_t)decoder->packet_size_max);
    consumed = word(module, REGISTER_CONSUMED);
    const struct record *record = (struct record *)memory(module, RECORDS_START);
    for (int32_t i = 0; i < count; i++, record++) {
      if (record->error == 0) {
        give(module, record, decoder, on_packet, user);
        continue;
      }
      decoder->error = record->error;
      decoder->reason = record->reason;
      decoder->position = (int32_t)(record->payload.start - record->packet.start);
    }
    start += consumed;
    left -= consumed;
  }
  decoder->tail_length = left;
  decoder->tail = realloc(decoder->tail, left > 0 ? left : 1);
  if (decoder->tail == NULL) return WASMQTT_ERROR_NO_MEMORY;
  memcpy(decoder->tail, memory(module, start), left);
  return decoder->error;
}

void wasmqtt_decoder_free(struct wasmqtt_decoder *decoder) { free(decoder->tail); }

/* Whether a property is a string, binary data or a pair; the others are integers. */
static int is_text(int32_t id) {
  return memchr("\x03\x08\x09\x12\x15\x16\x1a\x1c\x1f\x26", id, 10) != NULL;
}

int32_t wasmqtt_properties(struct wasmqtt *module, struct wasmqtt_bytes bytes,
                           wasmqtt_on_property *on_property, void *user) {
  int32_t length = put(module, bytes);
  if (length < 0) return length;
  uint32_t end = SCRATCH_START + (uint32_t)length;
  for (uint32_t at = SCRATCH_START; at < end; at = word(module, REGISTER_PROPERTIES_NEXT)) {
    int32_t count = (int32_t)CALL(properties, at, end - at);
    if (count < 0) return count;
    const struct entry *entry = (struct entry *)memory(module, PROPERTIES_START);
    for (int32_t i = 0; i < count; i++, entry++) {
      struct wasmqtt_property property = {.id = entry->id, .value = entry->text.start};
      if (is_text(entry->id)) {
        property.value = 0;
        property.text = view(module, entry->text);
        property.second = view(module, entry->second);
      }
      on_property(user, &property);
    }
  }
  return 0;
}

/* Copies a field to where encode finds it. */
static void place(struct wasmqtt *module, struct wasmqtt_bytes field, uint32_t *target,
                  struct span *span) {
  *span = (struct span){field.length > 0 ? *target : 0, field.length};
  if (field.length > 0) memcpy(memory(module, *target), field.data, field.length);
  *target += field.length;
}

int32_t wasmqtt_encode(struct wasmqtt *module, const struct wasmqtt_packet *packet, int32_t version,
                       void *encoded, uint32_t capacity) {
  static const struct wasmqtt_connect none;
  const struct wasmqtt_connect *connect = packet->connect != NULL ? packet->connect : &none;
  const struct wasmqtt_bytes fields[] = {
      packet->topic, packet->properties, packet->payload,
      connect->client_id, connect->will_properties, connect->will_topic,
      connect->will_payload, connect->user_name, connect->password,
  };
  uint32_t room = 64; /* more than all other fields */
  for (int i = 0; i < 9; i++) room += fields[i].length;
  uint32_t start = CALL(allocate, 2 * room);
  if (start == 0) return WASMQTT_ERROR_NO_MEMORY;
  struct span spans[9];
  uint32_t target = start;
  for (int i = 0; i < 9; i++) place(module, fields[i], &target, &spans[i]);
  *(struct record *)memory(module, RECORD_OWN) = (struct record){
      .head = packet->head,
      .packet_id = packet->packet_id,
      .reason = packet->reason,
      .topic = spans[0],
      .properties = spans[1],
      .payload = spans[2],
      .bits = packet->bits,
  };
  *(struct block *)memory(module, CONNECT_START) = (struct block){
      connect->level, connect->flags, connect->keep_alive, 0,
      spans[3], spans[4], spans[5], spans[6], spans[7], spans[8],
  };
  int32_t size = (int32_t)CALL(encode, RECORD_OWN, (uint32_t)version, target, room);
  if (size > (int32_t)capacity) size = WASMQTT_ERROR_NO_ROOM;
  if (size > 0) memcpy(encoded, memory(module, target), (uint32_t)size);
  CALL(free, start);
  return size;
}
