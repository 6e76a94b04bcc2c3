// A narrative's buckets are of unequal length; a line wants equal steps. Posts are spread evenly over their bucket.
import type { NarrativeBucket } from '../api/types';
import { parseTime } from '../format/time';

/** Posts in `steps` equal pieces from the first bucket's start to `until` (ms); null where no bucket reaches. */
export function spread(buckets: readonly NarrativeBucket[], until: number, steps: number): (number | null)[] {
  const spans = buckets.flatMap((bucket) => {
    const [start, end] = [parseTime(bucket.start), parseTime(bucket.end)];
    return start === null || end === null || end <= start ? [] : [{ start, end, posts: bucket.posts }];
  });
  const first = spans[0];
  if (first === undefined || until <= first.start) return [];
  const width = (until - first.start) / steps;
  const pieces: (number | null)[] = Array.from({ length: steps }, () => null);
  for (const { start, end, posts } of spans) {
    const from = Math.max(0, Math.floor((start - first.start) / width));
    const to = Math.min(steps - 1, Math.ceil((end - first.start) / width) - 1);
    for (let i = from; i <= to; i += 1) {
      const left = Math.max(start, first.start + i * width);
      const right = Math.min(end, first.start + (i + 1) * width);
      if (right > left) pieces[i] = (pieces[i] ?? 0) + (posts * (right - left)) / (end - start);
    }
  }
  return pieces;
}
