#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "extensions.h"
#include "reply.h"

// Every sentence the proxy itself can say to a client.
namespace smtp::replies {

Reply greeting(std::string_view hostname);  // 220 HOSTNAME ESMTP
Reply helo(std::string_view hostname);      // 250 HOSTNAME
// Multi-line 250. PIPELINING and ENHANCEDSTATUSCODES are our own and always listed, XCLIENT never, the rest as set.
Reply ehlo(std::string_view hostname, const Extensions& offered);
Reply bye(std::string_view hostname);  // 221 2.0.0
Reply ok();                            // 250 2.0.0
Reply sender_ok();                     // 250 2.1.0
Reply help();                          // 214 2.0.0
Reply vrfy();                          // 252 2.5.0
Reply ready_for_tls();                 // 220 2.0.0
Reply chunk_ok(std::uint64_t octets);  // 250 2.0.0, for a BDAT chunk

Reply unknown_command();                            // 500 5.5.2
Reply line_too_long();                              // 500 5.5.2
Reply bare_line_end();                              // 500 5.5.2, in a command
Reply not_implemented();                            // 502 5.5.1
Reply bad_sequence(std::string_view why);           // 503 5.5.1
Reply chunk_was_refused();                          // 503 5.5.1, for what follows a refused BDAT chunk
Reply bad_arguments(std::string_view why);          // 501 5.5.4
Reply unknown_parameter(std::string_view keyword);  // 555 5.5.4
Reply must_start_tls();                             // 530 5.7.0, RFC 3207 §4
Reply needs_smtputf8();                             // 553 5.6.7
Reply too_many_recipients();                        // 452 4.5.3
Reply too_large();                                  // 552 5.3.4
Reply bare_line_end_in_content();                   // 550 5.6.0
Reply no_valid_recipients();                        // 554 5.5.1
Reply relay_denied();                               // 550 5.7.1, not one of our domains
Reply unsafe_recipient();                           // 550 5.7.1, a form that could be routed elsewhere
Reply blocked();                                    // 554 5.7.1
Reply backend_unavailable();                        // 451 4.3.0
Reply backend_busy();                               // 451 4.3.2
Reply store_unavailable();                          // 451 4.3.0
// RFC 5321 §3.8: the 421s, each followed by a close.
Reply too_many_errors(std::string_view hostname);       // 421 4.7.0
Reply too_many_connections(std::string_view hostname);  // 421 4.7.0
Reply timed_out(std::string_view hostname);             // 421 4.4.2
Reply shutting_down(std::string_view hostname);         // 421 4.3.2

// A backend's 421 speaks of its connection, not of ours: 451 with its text, the enhanced code kept if it is 4.x.x,
// else 4.3.0.
Reply from_backend_421(const Reply& backend);

}  // namespace smtp::replies
