#pragma once
#include <functional>
#include <memory>

#include "store.h"

namespace greylist {

// A shared store, and one of this host that stands in while the shared one fails: then each host greylists for itself.
// So that this puts off nobody who is known, what passes is remembered in both. What came to the local store meanwhile
// is handed over when the shared one is well again, each triplet before it is judged: whoever was put off by the one
// passes in the other.
//
// For administrators, too: the history of a recipient is that of both; lists of entries, run-time entries and
// reputations are the shared store's alone.
std::unique_ptr<Store> make_fallback_store(std::unique_ptr<Store> shared, std::unique_ptr<Store> local,
                                           std::function<Time()> clock);

}  // namespace greylist
