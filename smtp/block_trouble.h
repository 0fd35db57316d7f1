#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Where a block of 64 octets is no ordinary text: where an LF stands without a CR before it, a CR without an LF behind
// it, or a dot at a line start. Bit i speaks of octet i; a CR's fault shows at the octet behind it, so the last octet's
// is left to the next block. The octet before the block is looked at too and must be readable.
namespace smtp {

inline constexpr std::size_t block_size = 64;

// For every machine: eight octets at a time in one word.
inline std::uint64_t block_trouble_portable(const char* block) {
  constexpr std::uint64_t ones = 0x0101010101010101, low_bits = 0x7f7f7f7f7f7f7f7f;
  constexpr auto load = [](const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
  };
  // The high bit of each octet that is `octet`. The sum can't carry into the next octet, so the answer is exact.
  constexpr auto equal = [](std::uint64_t word, unsigned char octet) {
    const std::uint64_t differs = word ^ (ones * octet);
    return ~(((differs & low_bits) + low_bits) | differs | low_bits);
  };
  std::uint64_t trouble = 0;
  for (unsigned at = 0; at < block_size; at += sizeof(std::uint64_t)) {
    const std::uint64_t octets = load(block + at), before = load(block + at - 1);
    const std::uint64_t bad_break = equal(octets, '\n') ^ equal(before, '\r');
    const std::uint64_t first_dot = equal(octets, '.') & equal(before, '\n');
    // The product gathers the eight high bits in its top octet.
    trouble |= (((bad_break | first_dot) >> 7) * 0x0102040810204080 >> 56) << at;
  }
  return trouble;
}

#if defined(__SSE2__)
inline std::uint64_t block_trouble_sse2(const char* block) {
  constexpr auto load = [](const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
  constexpr auto equal = [](__m128i octets, char octet) { return _mm_cmpeq_epi8(octets, _mm_set1_epi8(octet)); };
  std::uint64_t trouble = 0;
  for (unsigned at = 0; at < block_size; at += sizeof(__m128i)) {
    const __m128i octets = load(block + at), before = load(block + at - 1);
    const __m128i bad_break = _mm_xor_si128(equal(octets, '\n'), equal(before, '\r'));
    const __m128i first_dot = _mm_and_si128(equal(octets, '.'), equal(before, '\n'));
    const auto bits = static_cast<std::uint16_t>(_mm_movemask_epi8(_mm_or_si128(bad_break, first_dot)));
    trouble |= std::uint64_t{bits} << at;
  }
  return trouble;
}
#endif

inline std::uint64_t block_trouble(const char* block) {
#if defined(__SSE2__)
  return block_trouble_sse2(block);
#else
  return block_trouble_portable(block);
#endif
}

}  // namespace smtp
