/** The one error class of diffops: typed by a code, and able to cross threads without losing its fields. */

/** What went wrong, in one word; the README lists when each is raised, under Errors. */
export type ErrorCode =
  | 'NBATCHES'
  | 'OPTION'
  | 'INPUT'
  | 'NOT_SCALAR'
  | 'CONCRETIZATION'
  | 'UNSUPPORTED_OP'
  | 'FUNCTION'
  | 'RANDOM'
  | 'VARIABLE_ASSIGN'
  | 'MEMORY_LIMIT'
  | 'FILE'
  | 'WORKER_LOST'
  | 'NON_FINITE'
  | 'DEVICE'
  | 'CLOSED'
  | 'PROGRAM'
  | 'INTERNAL';

/** Structured facts that a program can read: the offending value, the limit, the path of a leaf, … */
export type ErrorFields = Readonly<Record<string, unknown>>;

/** The plain form in which an error crosses a MessagePort. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields: ErrorFields;
  readonly cause?: { readonly name: string; readonly message: string; readonly stack?: string };
}

/** Every error that diffops raises itself. `message` has the offending value, the limit and the remedy. */
export class DiffopsError extends Error {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DiffopsError';
    this.code = code;
    this.fields = fields;
  }

  /** The form that survives structured cloning; `deserialize` is its inverse. */
  serialize(): SerializedError {
    const { cause } = this;
    return {
      code: this.code,
      message: this.message,
      fields: this.fields,
      ...(cause instanceof Error
        ? {
            cause: {
              name: cause.name,
              message: cause.message,
              ...(cause.stack === undefined ? {} : { stack: cause.stack }),
            },
          }
        : {}),
    };
  }

  static deserialize(plain: SerializedError): DiffopsError {
    let cause: Error | undefined;
    if (plain.cause) {
      cause = new Error(plain.cause.message);
      cause.name = plain.cause.name;
      if (plain.cause.stack !== undefined) cause.stack = plain.cause.stack;
    }
    return new DiffopsError(plain.code, plain.message, plain.fields, cause ? { cause } : undefined);
  }

  /** Any thrown thing as a DiffopsError: itself if it is one, else wrapped as `code` with the original as cause. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL', prefix = ''): DiffopsError {
    if (thrown instanceof DiffopsError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new DiffopsError(code, prefix + message, {}, { cause: thrown });
  }
}
