#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace smtp {

// Follows content through its line ends, in whatever pieces it arrives; one pass, many octets at a time.
//
// DATA: only CR LF . CR LF ends the message (RFC 5321 §4.1.1.4); we scan on to the true end even when spoiled, so that
// client and proxy can never disagree where the next command starts. BDAT: the octets are counted, not scanned for an
// end; scan() consumes everything, across chunks; call finish() after the last.
class BodyScanner {
 public:
  enum class Framing { data, chunks };
  explicit BodyScanner(Framing framing) : framing_(framing) {}

  // Takes a piece and returns how many octets of it belong to the content, its end included; less than all only when
  // done().
  std::size_t scan(std::string_view piece);
  void finish();  // chunks only: nothing follows

  // Data only: CR LF . CR LF (or .CR LF as the first line) has been seen.
  bool done() const { return at_ == At::end; }
  // A CR without LF or an LF without CR (RFC 5321 §2.3.8). A CR at the end of a piece isn't judged yet.
  bool bare_line_end() const { return bare_; }
  // One that borders a line made of one dot (SMTP smuggling).
  bool bare_ending() const { return bare_ending_; }
  // Without the ending (".CRLF") and, for data, without the dots of transparency (RFC 1870 §5).
  std::uint64_t content_octets() const { return octets_; }

 private:
  // What came last, as far as it matters for what comes next. "Bare" speaks of the break before the line.
  enum class At { line_start, bare_line_start, text, dot, bare_dot, cr, dot_cr, bare_dot_cr, end };

  std::size_t skip_ordinary(std::string_view text);
  void step(char octet);
  void line_feed();
  void lone_cr();

  Framing framing_;
  At at_ = At::line_start;
  bool bare_ = false, bare_ending_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace smtp
