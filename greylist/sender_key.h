#pragma once
#include <string>
#include <string_view>

namespace greylist {

// The sender's part of a triplet: its domain in canonical form, and taken out of its local part what changes from one
// message to the next, so that a correspondent who has waited once needn't wait for every message. sender_key.cc has
// the table. "" for the null sender. No control characters: they and '\' are written \x09, \\.
std::string keyed_sender(std::string_view sender);

// A key's text with control characters and '\' escaped; TAB can then separate keys.
std::string escaped(std::string text);

}  // namespace greylist
