/**
 * How far the logs of devices count that are removed or may write no more (FORMATS.md §6): apart,
 * because it is decided for everybody, and rests on what this device is only told, too.
 *
 * All that is delivered here counts. Beyond that, what a member that stays acknowledged: it holds
 * and shows it, and would lose it because this device has not met it yet. That it exists is the
 * member's word, which it signed; a member that lies keeps a log open for the one who goes, and
 * could as well write the same under its own name. Against that there is the hostile removal, for
 * which only counts what is here. Three words count for nothing:
 * - of the devices concerned, which could keep their own logs open;
 * - on a writer that this device has never met, since nobody can say whose it is, and closing
 *   another's by mistake would void what it goes on to write: such a log ends at 0;
 * - on a writer that forked, where n alone does not say which branch is meant.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import type { ScopeId } from "../../core/base/types.ts";
import type { ControlContent, Frontier } from "../../core/network/closed/content.ts";
import { devicesOf, type KeyText } from "../../core/network/closed/state.ts";
import type { ScopeRows } from "../../core/network/scopeRows.ts";
import type { Row } from "../../core/segment/header.ts";
import { rowOfHead } from "../../core/segment/tree.ts";
import { saidBy } from "../acknowledged.ts";
import { deviceNameOf } from "../device.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";
import type { ClosedMembership } from "./membership.ts";

/** `isHostile`: only what is delivered here counts. */
export const frontierOf = async (
  { deps: { store }, registry }: Engine,
  membership: ClosedMembership,
  devices: ReadonlySet<KeyText>,
  isHostile = false,
): Promise<Frontier> => {
  const names = new Set([...devices].map((key) => deviceNameOf(hexToBytes(key))));
  const said = isHostile ? [] : saidBy(membership, await store.meta(), names);
  const frontier = new Map<ScopeId, readonly Row[]>();
  for (const home of registry.homes()) {
    if (home.membership !== membership) continue;
    const rows = rowsOf(home, devices).map((row) => furthest(home, row, said));
    if (rows.length > 0) frontier.set(home.scope, rows);
  }
  return frontier;
};

/** All that is delivered here of these devices. */
const rowsOf = ({ tree }: Home, devices: ReadonlySet<KeyText>): readonly Row[] =>
  tree.heads().flatMap((head) => {
    const node = tree.get(head.hash);
    const isTheirs = node !== null && devices.has(bytesToHex(node.origin.signingKey));
    return isTheirs ? [rowOfHead(head)] : [];
  });

/** A header that is here lies at or under what is delivered, whatever is said of it. */
const furthest = ({ tree, scope }: Home, row: Row, said: readonly ScopeRows[]): Row => {
  const { writer } = row;
  if (tree.headsOf(writer).length > 1) return row;
  return said
    .flatMap((scopes) => scopes.get(scope) ?? [])
    .filter((other) => other.writer === writer && tree.held(other.header) === null)
    .reduce((most, other) => (other.n > most.n ? other : most), row);
};

/**
 * Whether it ends a log that is here and of no device that it is about. What others write on would
 * be void in rows from then on, and nobody who signs such a proposal means well.
 */
export const endsOthersLogs = (
  { registry }: Engine,
  { control }: ClosedMembership,
  content: ControlContent,
): boolean => {
  if (content.kind !== "remove" && content.kind !== "role") return false;
  const { account } = content;
  const devices = new Set([
    ...("devices" in content ? content.devices.map(bytesToHex) : []),
    ...(account === null ? [] : devicesOf(control.state(), bytesToHex(account))),
  ]);
  return [...content.frontier].some(([scope, rows]) => {
    const tree = registry.home(scope)?.tree;
    return rows.some(({ writer }) => {
      const origin = tree?.originOf(writer) ?? null;
      return origin !== null && !devices.has(bytesToHex(origin.signingKey));
    });
  });
};
