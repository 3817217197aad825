"""The parts of the measurements that could go wrong without a word: objects, arithmetic, tables."""
