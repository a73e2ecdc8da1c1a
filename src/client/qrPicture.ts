/**
 * A text as a QR code, black on white whatever stands around it. Loaded when a picture is wanted.
 */
import { encodeQR } from "qr";

/** SVG, with the quiet border that scanners want. */
export const qrPicture = (text: string): string => {
  const rows = encodeQR(text, "raw", { ecc: "low", border: 4 });
  const size = String(rows.length);
  const runs = rows.flatMap((row, y) => runsOf(row).map(([x, length]) => runPath(x, y, length)));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" ` +
    `shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/>` +
    `<path d="${runs.join("")}"/></svg>`
  );
};

const runPath = (x: number, y: number, length: number): string =>
  `M${String(x)} ${String(y)}h${String(length)}v1h-${String(length)}z`;

/** Where dark modules begin in a row, and how many they are. */
const runsOf = (row: readonly boolean[]): readonly (readonly [number, number])[] =>
  row.flatMap((isDark, x) => {
    if (!isDark || row[x - 1] === true) return [];
    const end = row.indexOf(false, x);
    return [[x, (end === -1 ? row.length : end) - x] as const];
  });
