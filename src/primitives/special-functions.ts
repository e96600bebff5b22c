/** Scalar functions that JavaScript's Math lacks, in float64. */

const polynomial = (x: number, coefficients: readonly number[]): number => {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
};

// Rational approximations of erf on [0, 0.84375], [0.84375, 1.25] about 1, and of erfc's logarithm on
// [1.25, 1/0.35] and beyond. Source of the coefficients: W. J. Cody's method as tabulated in FreeBSD
// msun / fdlibm s_erf.c (Sun Microsystems, 1993); error below 1 ulp there.
const ERF_AT_1 = 0.8450629115104675;
const P0 = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -2.3763016656650163e-5,
];
const Q0 = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -3.960228278775368e-6,
];
const P1 = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
];
const Q1 = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
];
const P2 = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const Q2 = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const P3 = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const Q3 = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];

/** The error function. */
export const erf = (x: number): number => {
  const a = Math.abs(x);
  if (!(a >= 0.84375)) {
    const z = x * x;
    return x + x * (polynomial(z, P0) / polynomial(z, Q0));
  }
  const sign = x < 0 ? -1 : 1;
  if (a < 1.25) {
    const s = a - 1;
    return sign * (ERF_AT_1 + polynomial(s, P1) / polynomial(s, Q1));
  }
  if (a >= 6) return sign;
  const s = 1 / (a * a);
  const ratio = a < 1 / 0.35 ? polynomial(s, P2) / polynomial(s, Q2) : polynomial(s, P3) / polynomial(s, Q3);
  // exp(−a²) as exp(−h²)·exp((h−a)(h+a)) where h² is exact.
  const h = Math.fround(a);
  const tail = Math.exp(-h * h - 0.5625) * Math.exp((h - a) * (h + a) + ratio);
  return sign * (1 - tail / a);
};

/** 1 / (1 + e^−x), without overflow. */
export const logistic = (x: number): number => {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
};

/** log(1 + e^x), without overflow or cancellation. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** To the nearest integer, halves to even. */
export const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return x < 0 && floor === 0 ? -0 : floor;
  if (rest > 0.5) return x < 0 && floor === -1 ? -0 : floor + 1;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return x < 0 && even === 0 ? -0 : even;
};
