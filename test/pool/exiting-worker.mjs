/** A worker module that ends its thread while it loads. */

process.exit(3);
