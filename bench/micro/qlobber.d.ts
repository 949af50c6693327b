// What the trie suites use of qlobber, which comes without types: adding, removing and matching,
// with the options that make it speak MQTT.
declare module 'qlobber' {
  export interface QlobberOptions {
    separator: string
    wildcard_one: string
    wildcard_some: string
    match_empty_levels: boolean
  }

  export class Qlobber<Value> {
    constructor(options: QlobberOptions)
    add(topic: string, value: Value): this
    remove(topic: string, value?: Value): this
    match(topic: string): Value[]
  }
}
