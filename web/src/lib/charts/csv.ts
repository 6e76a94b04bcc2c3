// Numbers as CSV (RFC 4180).

const quoted = (text: string): string => {
  // A spreadsheet would take some beginnings for a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function csvLines(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map((cell) => (typeof cell === 'number' ? String(cell) : quoted(cell))).join(',')}\r\n`).join('');
}
