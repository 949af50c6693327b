// The face `wasmqtt/topics`: a trie of topic filters that any values hang on. Filters are matched
// by topics, or stored topics by filters. Documentation: README.md of this folder.

export { useModule } from '../wasm/shared.ts'
export { TopicTrie } from './trie.ts'
