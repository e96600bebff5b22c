/** The assembled kernels' bytes in base64. */
export const assembled: () => Promise<string>;
