#pragma once
#include <string_view>

namespace proxy {

// What a verdict's word, as the log has it, says: "the delay isn't over". Empty for a word that is none.
std::string_view reason(std::string_view verdict);

}  // namespace proxy
