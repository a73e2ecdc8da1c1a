/**
 * What the engine and the worker load on demand, loaded before: where time is virtual, loading
 * takes none. All of it, or a seed runs otherwise here than there (`tests/tidy.test.ts` compares).
 */
import "../../src/engine/closed/aside.ts";
import "../../src/engine/closed/collections.ts";
import "../../src/engine/closed/create.ts";
import "../../src/engine/closed/decide.ts";
import "../../src/engine/closed/joining.ts";
import "../../src/engine/closed/manage.ts";
import "../../src/engine/closed/meeting.ts";
import "../../src/engine/closed/membership.ts";
import "../../src/engine/closed/removal.ts";
import "../../src/engine/closed/tend.ts";
import "../../src/engine/closed/wire.ts";
import "../../src/engine/crypto/pair.ts";
import "../../src/engine/crypto/xWing.ts";
import "../../src/engine/sync/acknowledge.ts";
import "../../src/engine/sync/connect.ts";
import "../../src/engine/sync/peers.ts";
import "../../src/engine/sync/round.ts";
import "../../src/engine/trim.ts";
