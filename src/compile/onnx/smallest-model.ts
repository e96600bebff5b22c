/** A model that computes −x, as bytes: making a session of it is how a thread gets ready for others. */

/** What `encodeModel` makes of it; kept, since a thread that only runs models loads nothing of the encoder. */
const BASE64 =
  'CAgSB2RpZmZvcHM6mwEKMRIPbm90LWhhbmRlZC1vdmVyGg9ub3QtaGFuZGVkLW92ZXIiDVNlcXVlbmNlRW1wdHkKGAoGaW5wdXQwEgJ0MBoFbmVn' +
  'IzAiA05lZxIHcHJvZ3JhbVoUCgZpbnB1dDASCgoICAESBAoCCAFiGwoPbm90LWhhbmRlZC1vdmVyEggiBgoECgIIAWIQCgJ0MBIKCggIARIECgII' +
  'AUIECgAQEkIRCg1jb20ubWljcm9zb2Z0EAE=';

export const SMALLEST_MODEL: Uint8Array = Uint8Array.from(Buffer.from(BASE64, 'base64'));
