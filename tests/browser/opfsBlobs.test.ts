/**
 * The blob contract on Chromium's own OPFS, in a worker.
 */
import { blobsContract } from "../contract/blobs.ts";
import { makeRemoteBench } from "./remoteBlobs.ts";

let folders = 0;

blobsContract("files of OPFS", () => makeRemoteBench(`blobs-${folders++}`));
