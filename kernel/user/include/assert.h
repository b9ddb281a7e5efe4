/* assert: a false condition ends the task with a sentence. NDEBUG removes it. No include guard:
 * ISO C wants NDEBUG looked at again at every inclusion. */
_Noreturn void assert_failed(const char *condition, const char *file, int line,
                             const char *function);
#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) \
    ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif
#ifndef static_assert
#define static_assert _Static_assert
#endif
