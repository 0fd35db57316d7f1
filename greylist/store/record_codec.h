#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "history.h"
#include "judge.h"
#include "lists/run_time_entry.h"
#include "reputation.h"

namespace greylist {

// How records lie on disk. Integers are little-endian; times are milliseconds since 1970-01-01T00:00:00Z, signed.
//
//   Record, version 1                           Credit, version 1
//   offset  size                                offset  size
//        0     1  version: 1                         0     1  version: 1
//        1     8  first seen                         1     4  count
//        9     8  passed, 0 while waiting            5     8  last counted
//       17     8  last seen                         13     8  last used
//       25     1  flags: 1 credited, 2 passed
//       26     1  length of the client's address
//       27     n  the client's address, text
//
//   History event, version 1                    Run-time entry, version 1
//        0     1  version: 1                         0     1  version: 1
//        1     8  time                               1     8  made
//        9   2+n  client, helo, identity,            9     8  lapses, 0 if it doesn't
//                 sender, what, reply, each             17     1  flags: 1 lapses
//                 behind its length                  18   2+n  note, behind its length
//
//   Reputation, version 1
//        0     1  version: 1
//        1    64  retries, deliveries, one-shots, unknown recipients, refused messages, trap hits, pending attempts of
//                 this span and of the one before, each a double of IEEE 754 that is finite and not negative
//       65    24  as of; passed; trapped, 0 where the flag isn't set
//       89     1  flags: 1 passed, 2 trapped
//
// A later version gets its own number and is told apart by the first octet; version 1 stays readable.
std::string encode(const Record& record);
std::string encode(const Credit& credit);
std::string encode(const HistoryEvent& event);  // but for the recipient, which is in the key
std::string encode(const RunTimeEntry& entry);  // but for its list and conditions, likewise
std::string encode(const Reputation& reputation);

// nullopt: cut short or too long, of a version or with flags that we don't know, or with a time beyond all use (2^52 ms
// from the epoch: the difference of two times never overflows).
std::optional<Record> decode_record(std::string_view value);
std::optional<Credit> decode_credit(std::string_view value);
std::optional<HistoryEvent> decode_event(std::string_view value);
std::optional<Reputation> decode_reputation(std::string_view value);
bool decode_into(RunTimeEntry& entry, std::string_view value);

}  // namespace greylist
