// Numbers in the reader's own locale.

const plain = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const fixed = (digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const rough = [fixed(0), fixed(1), fixed(2)] as const;

/** `12,345` */
export function count(value: number): string {
  return plain.format(value);
}

/** `12.3K`, for axes and tight places; small numbers stay whole. */
export function short(value: number): string {
  return Math.abs(value) < 10_000 ? plain.format(value) : compact.format(value);
}

/** `23.4/s`, `<0.1/s`, `0/s` */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return `<${plain.format(0.1)}/s`;
  const digits = perSecond < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(perSecond)}/s`;
}

/** `12`, `2.5`, `0.43`: as much as a comparison of two counts bears. */
export function roughly(value: number): string {
  const digits = value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return rough[digits].format(value);
}
