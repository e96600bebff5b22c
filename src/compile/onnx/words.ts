/** What ONNX Runtime says when it fails; loads nothing of it. */

/** Its words without the place in its sources and the condition that didn't hold there. */
export const wordsOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).replace(/^\/\S+ .*? was false\. /s, '').trim();
