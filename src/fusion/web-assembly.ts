/** The part of the WebAssembly interface that is used; TypeScript declares it for browsers only. */

/** A memory of one thread. */
export interface OwnMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A memory that all threads reach, and over which arrays hold when it grows. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;
/** Addresses are 32 bits wide. */
export const MOST_PAGES = 65_535;
export const MOST_BYTES = MOST_PAGES * PAGE_BYTES;

interface SharedLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: true;
}

interface Interface {
  validate(code: Uint8Array): boolean;
  /** Reserves some gigabytes of addresses, whatever its size; throws where these can't be had. */
  readonly Memory: {
    new (limits: { readonly initial: number }): OwnMemory;
    new (limits: SharedLimits): SharedMemory;
  };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => { readonly exports: unknown };
}

/** Undefined where machine code isn't allowed at all: whoever can do without it tries. */
export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Interface };
