// The part of the WebAssembly JavaScript API that the host uses. It stands in TypeScript's browser
// library only, which would bring the whole DOM with it.

declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }

  interface ImportDescriptor {
    module: string
    name: string
    kind: string
  }

  interface ExportDescriptor {
    name: string
    kind: string
  }

  class Module {
    constructor(bytes: Uint8Array)
    static imports(module: Module): ImportDescriptor[]
    static exports(module: Module): ExportDescriptor[]
    static customSections(module: Module, name: string): ArrayBuffer[]
  }

  type Exports = Record<string, unknown>

  class Instance {
    constructor(module: Module, imports?: object)
    readonly exports: Exports
  }
}
