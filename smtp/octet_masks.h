#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace smtp {

// Where CR, LF and '.' stand in a block of 64 octets: bit i speaks of octet i.
struct OctetMasks {
  static constexpr std::size_t block = 64;
  std::uint64_t cr = 0, lf = 0, dot = 0;
  bool operator==(const OctetMasks&) const = default;
};

// For every machine: eight octets at a time in one word.
inline OctetMasks octet_masks_portable(const char* block) {
  // Bit i of the result: octet i of `word` is `octet`. The sum can't carry from one octet into the next, so that the
  // answer is exact; the product then gathers the eight high bits in its top octet.
  constexpr auto equal = [](std::uint64_t word, unsigned char octet) {
    constexpr std::uint64_t ones = 0x0101010101010101, low_bits = 0x7f7f7f7f7f7f7f7f;
    const std::uint64_t differs = word ^ (ones * octet);
    const std::uint64_t high_if_equal = ~(((differs & low_bits) + low_bits) | differs | low_bits);
    return ((high_if_equal >> 7) * 0x0102040810204080) >> 56;
  };
  OctetMasks masks;
  for (unsigned at = 0; at < OctetMasks::block; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, block + at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    masks.cr |= equal(word, '\r') << at;
    masks.lf |= equal(word, '\n') << at;
    masks.dot |= equal(word, '.') << at;
  }
  return masks;
}

#if defined(__SSE2__)
inline OctetMasks octet_masks_sse2(const char* block) {
  constexpr auto equal = [](__m128i octets, char octet) {
    return std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(octet))))};
  };
  OctetMasks masks;
  for (unsigned at = 0; at < OctetMasks::block; at += sizeof(__m128i)) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + at));
    masks.cr |= equal(octets, '\r') << at;
    masks.lf |= equal(octets, '\n') << at;
    masks.dot |= equal(octets, '.') << at;
  }
  return masks;
}
#endif

inline OctetMasks octet_masks(const char* block) {
#if defined(__SSE2__)
  return octet_masks_sse2(block);
#else
  return octet_masks_portable(block);
#endif
}

}  // namespace smtp
