#pragma once
#include <expected>
#include <memory>
#include <string>

#include "greylist/store/store.h"
#include "proxy/clock.h"
#include "proxy/config/build_store.h"

namespace proxy {

// The store that the configuration asks for; what it warns of is logged. `clock` must live as long as it does. The
// error names the key: a store of this host that another process holds.
std::expected<std::unique_ptr<greylist::Store>, std::string> open_store(const Settings& settings, StoreAccess access,
                                                                        Clock& clock);

}  // namespace proxy
