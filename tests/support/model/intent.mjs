// Our own normative text, copied verbatim into the repository: the product's merge is checked against it.
// What people mean by their edits, as examples the model must satisfy; the product's merge must satisfy them too. Run: node intent.mjs
import { makeOp, makeDelete, read, siblings, prune, EMPTY } from './merge-reference.mjs'
import assert from 'node:assert/strict'
const doc = () => ({ log: [], n: {} })
let t = 0
const w = (d, who, changes, o = {}, view = d.log) => { const op = makeOp(view, [who, d.n[who] = (d.n[who] ?? 0) + 1], ++t, changes, o); d.log.push(op); return op }
// counter: increments from two sides, a reset concurrent with an increment
{ const d = doc(); w(d, 'a', [{ path: ['n'], set: 10 }], { birth: true }); for (let i = 0; i < 5; i++) w(d, 'a', [{ path: ['n'], increment: 1 }])
  const base = [...d.log]; w(d, 'b', [{ path: ['n'], set: 0 }], {}, base); w(d, 'a', [{ path: ['n'], increment: 1 }], {}, base); assert.equal(read(d.log).n, 1); assert.equal(read(prune(d.log)).n, 1)
  assert.equal(prune(d.log).length <= 4, true, 'a run is one entry') }
// counter on nothing, two writers
{ const d = doc(); w(d, 'a', [{ path: ['x'], set: 1 }], { birth: true }); const base = [...d.log]; w(d, 'a', [{ path: ['n'], increment: 2 }], {}, base); w(d, 'b', [{ path: ['n'], increment: 3 }], {}, base); assert.equal(read(d.log).n, 5) 
  w(d, 'a', [{ path: ['n'], unset: true }]); assert.equal('n' in read(d.log), false); w(d, 'b', [{ path: ['n'], increment: 1 }]); assert.equal(read(d.log).n, 1) }
// counter over births: delete one birth of two
{ const d = doc(); w(d, 'a', [{ path: ['n'], increment: 5 }], { birth: true }); const only = [...d.log]; w(d, 'b', [{ path: ['x'], set: 1 }], { birth: true }, []); const both = [...d.log]
  w(d, 'c', [{ path: ['n'], set: 0 }], {}, both); d.log.push(makeDelete(only, ['d', 1], ++t)); w(d, 'a', [{ path: ['n'], increment: 1 }]); assert.equal(read(d.log).n, 1) }
// set: add wins over a concurrent remove; set replaces elements; pull from a plain array
{ const d = doc(); w(d, 'a', [{ path: ['t'], set: [1, 2] }], { birth: true }); w(d, 'a', [{ path: ['t'], remove: 1 }]); assert.deepEqual(read(d.log).t, [2]); w(d, 'b', [{ path: ['t'], add: 3 }]); assert.deepEqual(read(d.log).t, [2, 3])
  const base = [...d.log]; w(d, 'a', [{ path: ['t'], remove: 3 }], {}, base); w(d, 'b', [{ path: ['t'], add: 3 }], {}, base); assert.deepEqual(read(d.log).t, [2, 3])
  w(d, 'c', [{ path: ['t'], set: [9] }]); assert.deepEqual(read(d.log).t, [9]); w(d, 'c', [{ path: ['t'], add: 2 }]); assert.deepEqual(read(d.log).t, [2, 9]); w(d, 'c', [{ path: ['t'], unset: true }]); assert.equal('t' in read(d.log), false) }
{ const d = doc(); w(d, 'a', [{ path: ['t'], set: [10, 9, 2] }], { birth: true }); w(d, 'b', [{ path: ['t'], add: 100 }]); assert.deepEqual(read(d.log).t, [2, 9, 10, 100]) }
// paths: replacement takes the tree away, concurrent: later wins, nothing half
{ const d = doc(); w(d, 'a', [{ path: ['a', 'b'], set: 1 }, { path: ['a', 'c'], set: 2 }], { birth: true }); const base = [...d.log]
  w(d, 'a', [{ path: ['a'], set: 5 }], {}, base); w(d, 'b', [{ path: ['a', 'b'], set: 7 }], {}, base); assert.deepEqual(read(d.log).a, { b: 7 })
  w(d, 'c', [{ path: ['a', 't'], add: 1 }, { path: ['a', 'n'], increment: 3 }]); assert.deepEqual(read(d.log).a, { b: 7, n: 3, t: [1] })
  w(d, 'c', [{ path: ['a'], set: EMPTY }]); assert.deepEqual(read(d.log).a, {}); w(d, 'c', [{ path: ['a', 'z'], set: 1 }]); assert.deepEqual(read(d.log).a, { z: 1 }) }
// attaching: a document that both sides have; the later edit wins by its first stamp, whichever side it was made on
{ const d = doc(); w(d, 'a', [{ path: ['x'], set: 'network' }, { path: ['y'], set: 'network' }], { birth: true }); const early = t - 5, late = ++t
  w(d, 'b', [{ path: ['x'], set: 'home, early', origin: [early, 'h', 1] }, { path: ['y'], set: 'home, late', origin: [late, 'h', 2] }], { birth: true }, []); assert.deepEqual(read(d.log), { x: 'network', y: 'home, late' }) }
// one writer overwrites a thousand times: one op besides the birth
{ const d = doc(); w(d, 'a', [{ path: ['x'], set: 0 }], { birth: true }); let s = [...d.log]; for (let i = 0; i < 300; i++) { const op = makeOp(s, ['a', ++d.n.a], ++t, [{ path: ['x'], set: i }]); s = prune([...s, op]) } assert.equal(s.length, 2); assert.equal(s[0].entries.length, 0) }
console.log('intents hold')
