/** The part of the WebAssembly interface that is used here; TypeScript declares it for browsers only. */

export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;
/** Addresses are 32 bits wide. */
export const MOST_PAGES = 65_535;
export const MOST_BYTES = MOST_PAGES * PAGE_BYTES;

interface Interface {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => WasmMemory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly memory: { readonly memory: WasmMemory }; readonly math: Math },
  ) => { readonly exports: unknown };
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Interface };
