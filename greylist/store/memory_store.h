#pragma once
#include <memory>

#include "store.h"

namespace greylist {

// A store that forgets at exit; for tests, and the reference the others are held against.
std::unique_ptr<Store> make_memory_store();

}  // namespace greylist
