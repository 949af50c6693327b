// How many PUBLISH packets were staged and delivered, and the bytes of their payloads, by QoS. Here
// and not in the host, where the same increments cost ten times as much. f64, so that nothing
// overflows; the host reads them where they stand. Drawing: TRAFFIC in layout.ts.

import { TRAFFIC_BYTES, TRAFFIC_RECEIVED, TRAFFIC_SENT } from './layout'

export class Traffic {
  @inline
  static received(qos: i32, bytes: i32): void {
    Traffic.count(TRAFFIC_RECEIVED + (qos << 3), bytes)
  }

  @inline
  static sent(qos: i32, bytes: i32): void {
    Traffic.count(TRAFFIC_SENT + (qos << 3), bytes)
  }

  @inline
  private static count(at: usize, bytes: i32): void {
    store<f64>(at, load<f64>(at) + 1)
    store<f64>(at, load<f64>(at, TRAFFIC_BYTES) + (bytes as f64), TRAFFIC_BYTES)
  }
}
