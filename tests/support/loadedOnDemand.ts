/**
 * What the engine loads on demand, loaded before: where time is virtual, loading takes none.
 */
import "../../src/engine/closed/manage.ts";
import "../../src/engine/closed/meeting.ts";
import "../../src/engine/closed/tend.ts";
import "../../src/engine/closed/wire.ts";
import "../../src/engine/sync/connect.ts";
import "../../src/engine/sync/acknowledge.ts";
