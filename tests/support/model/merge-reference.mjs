// Our own normative text, copied verbatim into the repository: the product's merge is checked against it.
// The reference model of a document's state: a document IS the set of its signed ops, and what a reader sees is a pure
// function of that set. Replicas receive whole logs, gap-free and after everything that an op names (FORMATS.md, delivery), so
// replicas that have received the same logs agree; pruning only drops what no op to come can bring back.
// Slow and short on purpose: the product's merge is checked against `siblings` and `read` of the never-pruned set, and must
// equal them after every step.
//
// Run: node merge-reference.mjs [runs] [steps]

/** dot: [writer, n], n counts a writer's ops from 1. key: "writer:n". */
export const key = ([writer, n]) => `${writer}:${n}`
// op    {dot, time, birth, births, entries} or {dot, time, removes}
//   birth    true: the document is born (again) with this op
//   births   the live births its writer saw, and its own: it is visible while one of them lives
//   removes  a delete: the births its writer saw, named one by one. Absence is never evidence of deletion
// entry {register, kind, value, replaces, origin, seen, seenDots}
//   register a path of names ["a","b"], an element of a set ["tags",{element}], or a writer's run of a counter ["n",{run}]
//   kind     set | unset | add | remove | increment; reading is total over any mixture of kinds
//   seen     of a set or unset: the total of each run that it saw, and the dots of those totals, which must come before it
//   origin   [time, writer, n] of a value that is re-issued: it ranks by its first stamp
//   replaces the dots of the entries it saw there, one by one: nothing unseen is ever replaced, and no list grows with history
const id = (register) => JSON.stringify(register)

export const deletedBirths = (ops) => new Set(ops.flatMap((op) => op.removes ?? []))
export const liveBirths = (ops, deleted = deletedBirths(ops)) =>
  new Set(ops.filter((op) => op.birth && !deleted.has(key(op.dot))).map((op) => key(op.dot)))

const replaced = (ops, op, entry) =>
  ops.some((other) => other !== op && other.entries?.some((e) => id(e.register) === id(entry.register) && e.replaces.includes(key(op.dot))))

/** What replicas must agree on: null when deleted, else each register's concurrent entries, in a fixed order. */
export function siblings(ops) {
  const deleted = deletedBirths(ops), live = liveBirths(ops, deleted)
  if (live.size === 0) return null
  const registers = new Map()
  for (const op of ops) {
    if (!op.births?.some((birth) => live.has(birth))) continue
    for (const entry of op.entries) {
      if (replaced(ops, op, entry)) continue
      const list = registers.get(id(entry.register)) ?? registers.set(id(entry.register), []).get(id(entry.register))
      list.push({ ...entry, dot: op.dot, time: entry.origin?.[0] ?? op.time, by: entry.origin?.[1] ?? op.dot[0], at: entry.origin?.[2] ?? op.dot[1] })
    }
  }
  for (const [text, list] of registers) {
    registers.set(text, list.filter((entry) => entry.kind !== 'remove' || counts(entry, registers)).sort(byStamp))
    if (registers.get(text).length === 0) registers.delete(text)
  }
  return new Map([...registers].sort(([a], [b]) => (a < b ? -1 : 1)))
}
/** A remove counts only while a base value that it names is visible: nothing else is left for it to hide. */
const counts = (entry, registers) => (registers.get(id(entry.register.slice(0, -1))) ?? []).some((base) => entry.replaces.includes(key(base.dot)))
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
const byStamp = (a, b) => a.time - b.time || order(a.by, b.by) || a.at - b.at || order(a.dot[0], b.dot[0]) || a.dot[1] - b.dot[1]

/** The default view (last write wins): a pure function of the siblings; other strategies differ only here. */
export function read(ops) {
  const registers = siblings(ops)
  if (registers === null) return null
  const paths = new Map() // path → { base, elements, runs }
  for (const [text, list] of registers) {
    const register = JSON.parse(text), last = register.at(-1), path = typeof last === 'object' ? register.slice(0, -1) : register
    const at = paths.get(id(path)) ?? paths.set(id(path), { path, elements: [], runs: [] }).get(id(path))
    if (last?.run) at.runs.push(list.at(-1)) // a run is one writer's: after a fork the last by stamp counts
    else if (last && 'element' in Object(last)) at.elements.push([last.element, list])
    else at.base = list.at(-1)
  }
  const values = [...paths.values()].map(valueAt).filter((v) => v !== null)
  // Of a path and one below it the later write hides the earlier one, of one op the deeper one: {a: 5} against {a: {b: 1}}.
  const below = (p, q) => q.length > p.length && p.every((name, i) => name === q[i])
  const clash = (o, v) => (below(o.path, v.path) && o.value !== EMPTY) || (below(v.path, o.path) && v.value !== EMPTY)
  const hides = (o, v) => clash(o, v) && (byStamp(o.stamp, v.stamp) || o.path.length - v.path.length) > 0
  const shown = values.filter((v) => !values.some((o) => hides(o, v)))
  const document = {}
  for (const { path, value } of shown.sort((a, b) => a.path.length - b.path.length)) {
    let object = document
    for (const name of path.slice(0, -1)) object = object[name] ??= {}
    if (value === EMPTY) object[path.at(-1)] ??= {}
    else object[path.at(-1)] = value
  }
  return document
}
/** The value of an object that has no fields. */
export const EMPTY = { object: 'empty' }

/** Elements stand in the order of their CBOR bytes (here, as hexadecimal text, for small JSON values). */
function encoded(value) {
  const head = (major, n) => (n < 24 ? [major * 32 + n] : n < 256 ? [major * 32 + 24, n] : n < 65536 ? [major * 32 + 25, n >> 8, n & 255] : [major * 32 + 26, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255])
  const bytes = (v) => v === null ? [0xf6] : v === true ? [0xf5] : v === false ? [0xf4]
    : Number.isSafeInteger(v) && Math.abs(v) < 2 ** 32 ? (v < 0 ? head(1, -1 - v) : head(0, v))
    : typeof v === 'number' ? [0xfb, ...new Uint8Array(new Float64Array([v]).buffer).reverse()]
    : typeof v === 'string' ? [...head(3, new TextEncoder().encode(v).length), ...new TextEncoder().encode(v)]
    : [...head(4, v.length), ...v.flatMap(bytes)]
  return bytes(value).map((b) => b.toString(16).padStart(2, '0')).join('')
}

function valueAt({ path, base, elements, runs }) {
  const from = base && base.kind !== 'unset' ? base.value : undefined
  const added = elements.flatMap(([element, list]) => list.filter((e) => e.kind === 'add').map((e) => ({ element, stamp: e })))
  const removed = (element) => base !== undefined && elements.some(([e, list]) => id(e) === id(element) && list.some((x) => x.kind === 'remove' && x.replaces.includes(key(base.dot))))
  const latest = [...(from === undefined ? [] : [base]), ...added.map((a) => a.stamp), ...runs].sort(byStamp).at(-1)
  if (added.length && (from === undefined || Array.isArray(from))) {
    const all = new Map([...(from ?? []).filter((e) => !removed(e)), ...added.map((a) => a.element)].map((e) => [encoded(e), e]))
    return { path, value: [...all].sort(([a], [b]) => order(a, b)).map(([, e]) => e), stamp: latest }
  }
  if (runs.length && (from === undefined || typeof from === 'number')) {
    // in the order of the runs' dots: floating point sums depend on it
    const runDot = (r) => r.register.at(-1).run.split(':')
    const since = [...runs].sort((a, b) => order(runDot(a)[0], runDot(b)[0]) || runDot(a)[1] - runDot(b)[1]).map((r) => r.value - (base?.seen?.[id(r.register)] ?? 0))
    if (from !== undefined || base === undefined || since.some((n) => n !== 0)) return { path, value: (from ?? 0) + since.reduce((a, b) => a + b, 0), stamp: latest }
    return null
  }
  if (from === undefined) return null
  return { path, value: Array.isArray(from) ? from.filter((e) => !removed(e)) : from, stamp: base }
}

/** Drops what no future op can bring back into view: safe because what an op names was received before it. */
export function prune(ops) {
  const deleted = deletedBirths(ops), visible = siblings(ops)
  const stays = (op, entry) => !replaced(ops, op, entry) && (entry.kind !== 'remove' || visible === null || (visible.get(id(entry.register)) ?? []).some((e) => key(e.dot) === key(op.dot)))
  return ops.flatMap((op) => {
    if (op.removes) return [op] // until a checkpoint: FORMATS.md §6
    if (op.births.every((birth) => deleted.has(birth))) return []
    const entries = op.entries.filter((entry) => stays(op, entry))
    return entries.length > 0 || (op.birth && !deleted.has(key(op.dot))) ? [{ ...op, entries }] : []
  })
}

// -------------------------------------------------------------------------------------------------------------- writing

/** Makes the op that a writer who holds `ops` writes. changes: list of {path, set | unset | add | remove | increment}. */
export function makeOp(ops, dot, time, changes, { birth = false } = {}) {
  const held = siblings(ops) ?? new Map(), registers = [...held.keys()].map((text) => JSON.parse(text)), entries = []
  const isSub = (register) => typeof register.at(-1) === 'object'
  const pathOf = (register) => (isSub(register) ? register.slice(0, -1) : register)
  const write = (register, kind, value, { origin, alsoSees = [] } = {}) => {
    const replaces = [...new Set([register, ...alsoSees].flatMap((r) => (held.get(id(r)) ?? []).map((entry) => key(entry.dot))))]
    entries.push({ register, kind, value, replaces, ...(origin && { origin }) })
    return entries.at(-1)
  }
  /** Writes a base value; elements it saw go by name, and of each run it notes the total that it saw. */
  const overwrite = (path, kind, value, origin) => {
    const subs = registers.filter((r) => isSub(r) && id(pathOf(r)) === id(path))
    for (const r of subs) if ('element' in r.at(-1) && held.get(id(r)).some((e) => e.kind === 'add')) write(r, 'remove', undefined, { alsoSees: [path] })
    const entry = write(path, kind, value, { origin }), runs = subs.filter((r) => 'run' in r.at(-1))
    entry.seen = Object.fromEntries(runs.map((r) => [id(r), held.get(id(r)).at(-1).value]))
    entry.seenDots = runs.flatMap((r) => held.get(id(r)).map((e) => key(e.dot)))
  }
  for (const { path, origin, ...change } of changes) {
    if ('set' in change || 'unset' in change) {
      // What stands above or below goes too, each path by an entry of its own.
      const related = new Map(registers.map(pathOf).filter((p) => p.length !== path.length && p.every((name, i) => i >= path.length || name === path[i])).map((p) => [id(p), p]))
      for (const p of related.values()) overwrite(p, 'unset')
      overwrite(path, 'set' in change ? 'set' : 'unset', change.set, origin)
    } else if ('add' in change) write([...path, { element: change.add }], 'add')
    else if ('remove' in change) write([...path, { element: change.remove }], 'remove', undefined, { alsoSees: [path] })
    else {
      // A writer's run goes on while it sees its own last total; else a new run begins.
      const mine = registers.find((r) => isSub(r) && id(pathOf(r)) === id(path) && r.at(-1).run?.startsWith(`${dot[0]}:`))
      write(mine ?? [...path, { run: key(dot) }], 'increment', (mine ? held.get(id(mine))[0].value : 0) + change.increment)
    }
  }
  return { dot, time, birth, births: [...liveBirths(ops), ...(birth ? [key(dot)] : [])], entries }
}
export const makeDelete = (ops, dot, time) => ({ dot, time, removes: [...liveBirths(ops)] })

// ---------------------------------------------------------------------------------------------------------------- check

/** mulberry32: a sound generator; a linear congruential one hides divergence, its low bits repeat. */
function random(seed) {
  let a = seed >>> 0
  const next = () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { chance: (p) => next() < p, pick: (list) => list[Math.floor(next() * list.length)] }
}

function randomChanges(r, step) {
  const all = [
    { path: ['x'], set: step }, { path: ['x'], unset: true }, { path: ['y'], set: step }, { path: ['a'], set: step }, { path: ['a', 'b'], set: step },
    { path: ['a', 'b', 'c'], set: step }, { path: ['a'], set: EMPTY }, { path: ['a', 'b'], set: EMPTY }, { path: ['n'], increment: 1 }, { path: ['n'], set: step }, { path: ['n'], increment: 2 },
    { path: ['t'], add: r.pick([1, 2, 3]) }, { path: ['t'], remove: r.pick([1, 2, 3]) }, { path: ['t'], set: [1, 2] }, { path: ['t'], unset: true },
    { path: ['a', 't'], add: r.pick([1, 2]) }, { path: ['a', 'n'], increment: 1 },
  ].filter(() => r.chance(0.2))
  const seen = new Set(), changes = all.filter(({ path }) => !seen.has(path[0]) && seen.add(path[0]))
  return changes.length > 0 ? changes : [{ path: ['x'], set: step }]
}

/** A member that signs properly but lies: it leaves out what it replaces, and births, and stamps as it likes. */
function thin(op, r) {
  for (const entry of op.entries ?? []) entry.replaces = entry.replaces.filter(() => r.chance(0.75))
  if (op.births?.length > 1 && r.chance(0.5)) op.births = op.births.filter((birth) => birth === key(op.dot) || r.chance(0.5))
  if (r.chance(0.2)) op.time += 1000
}

/** Everything that an op names must have been received before it, and all earlier ops of its writer. */
const named = (op) => [...(op.removes ?? []), ...(op.births ?? []), ...(op.entries ?? []).flatMap((entry) => [...entry.replaces, ...(entry.seenDots ?? [])])]
const deliverable = (vector, op) =>
  (vector[op.dot[0]] ?? 0) === op.dot[1] - 1 &&
  named(op).every((dot) => dot === key(op.dot) || (vector[dot.split(':')[0]] ?? 0) >= Number(dot.split(':')[1]))

function receive(peer, op, causal = true) {
  if (causal ? !deliverable(peer.vector, op) : (peer.vector[op.dot[0]] ?? 0) !== op.dot[1] - 1) return
  peer.vector[op.dot[0]] = op.dot[1]
  peer.log.push(op)
  peer.state = prune([...peer.state, op])
}

const seen = (ops) => JSON.stringify([[...(siblings(ops) ?? [])], read(ops)])

export function run(seed, steps, { hostile = false, causal = true } = {}) {
  const r = random(seed)
  const peers = ['p', 'q', 'r', 's'].map((name) => ({ name, vector: {}, log: [], state: [] }))
  let wrong = false
  for (let step = 1; step <= steps; step++) {
    const peer = r.pick(peers), dot = [peer.name, (peer.vector[peer.name] ?? 0) + 1], time = step + (r.chance(0.2) ? 3 : 0)
    const alive = liveBirths(peer.log).size > 0
    const op = alive && r.chance(0.2) ? makeDelete(peer.state, dot, time) : makeOp(peer.state, dot, time, randomChanges(r, step), { birth: !alive || r.chance(0.1) })
    if (hostile && peer.name === 's') thin(op, r)
    receive(peer, op)
    if (r.chance(0.6)) {
      const from = r.pick(peers), to = r.pick(peers)
      for (const sent of from.log) if (r.chance(0.8)) receive(to, sent, causal)
    }
    if (step % 10 === 0) wrong ||= peers.some((p) => seen(p.state) !== seen(p.log))
  }
  for (let round = 0; round < 3; round++) for (const to of peers) for (const from of peers) for (const op of from.log) receive(to, op, causal)
  wrong ||= peers.some((p) => seen(p.state) !== seen(p.log))
  return { diverged: new Set(peers.map((p) => seen(p.state))).size > 1, wrong }
}

if (process.argv[1]?.endsWith('merge-reference.mjs')) {
  const [runs = 2000, steps = 50] = process.argv.slice(2).map(Number)
  for (const options of [{ hostile: false }, { hostile: true }, { causal: false }]) {
    let diverged = 0, wrong = 0
    for (let seed = 1; seed <= runs; seed++) {
      const result = run(seed, steps, options)
      if (result.diverged) diverged++
      if (result.wrong) wrong++
    }
    const what = options.causal === false ? 'WITHOUT delivery in causal order (must fail)' : options.hostile ? 'one member lies' : 'all honest'
    console.log(`${runs} runs of ${steps} steps, ${what}: ${diverged} diverged, ${wrong} differ from the never-pruned set`)
    if (options.causal === false ? diverged + wrong === 0 : diverged + wrong > 0) process.exitCode = 1
  }
}
