/**
 * A process that opens a database on files and holds it until it is ended: `node
 * tests/support/holdDatabase.ts DIRECTORY NAME`. It says "open" when it has it.
 */
import { FileAdapter } from "../../src/storage/nodeAdapter.ts";

const [directory = "", name = ""] = process.argv.slice(2);
const store = await new FileAdapter(directory).open(name);
await store.write({ meta: new Map([["held", Uint8Array.of(1)]]) });
process.stdout.write("open\n");
// Lives until its standard input ends, and then ends without closing anything
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
