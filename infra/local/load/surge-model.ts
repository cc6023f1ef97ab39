/**
 * Requests per minute over a day, as weights: the shape of a load in time.
 *
 * The built-in model is a media-event day. Its figures are derived from the requests per minute to the web site of the
 * 1998 football World Cup on 30 June 1998 (WorldCup98 trace, M. Arlitt and T. Jin, Internet Traffic Archive): the peak
 * is 10.8 times the median, with humps near 16:00 and 21:40 GMT.
 */
export const PEAK_TO_MEDIAN = 10.8;
const MINUTES = 1_440;
const HUMPS = [
  { at: 16 * 60, height: 5.5, width: 55 },
  { at: 21 * 60 + 40, height: 9.8, width: 42 },
];

export function mediaEventDay(): number[] {
  return Array.from({ length: MINUTES }, (_, minute) => {
    const humps = HUMPS.map(({ at, height, width }) => height * Math.exp(-(((minute - at) / width) ** 2)));
    return 1 + humps.reduce((sum, hump) => sum + hump, 0);
  });
}

/**
 * The moment of each of `count` requests, in milliseconds from the start, when the whole shape is compressed into
 * `durationMs`; ascending.
 */
export function schedule(weights: number[], count: number, durationMs: number): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const step = durationMs / weights.length;
  const moments = new Float64Array(count);
  let minute = 0;
  let before = 0;
  for (let index = 0; index < count; index++) {
    const target = ((index + 0.5) / count) * total;
    while (minute < weights.length - 1 && before + (weights[minute] as number) < target)
      before += weights[minute++] as number;
    const share = (target - before) / (weights[minute] || 1);
    moments[index] = (minute + Math.min(1, share)) * step;
  }
  return moments;
}
