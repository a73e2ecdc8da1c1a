/**
 * Before anything else of its worker runs. Apart, since imports run before the rest of a file.
 */
StorageManager.prototype.getDirectory = () =>
  Promise.reject(new DOMException("not in this window", "SecurityError"));
