/* The kernel's own tanh and 1 / (1 + e^-x), not those of <math.h>, whose last bits differ from library to library. */

/* tanh x for |x| < 5/8. */
static inline float tamis_tanh_near(float x)
{
	const float z = x * x, z2 = z * z;
	const float low = -0.3333328f * z + 0.1333141f * z2;
	const float high = (-0.053736668f + 0.020627812f * z) + -0.005690914f * z2;

	return x + x * (low + z * z2 * high);
}

/* 1 / (1 + e^y) for y >= 5/4: e^y = 2^n (1 + p), and the low bits of the sum that rounds y / ln 2 are n. */
static inline float tamis_tail(float y)
{
	const float round = 12582912.0f - 32.0f, down = 1.0f / 4294967296.0f;
	float sum, n, high, low, r, r2, e, p, s;
	uint32_t bits;

	if (y > 104.0f)
		y = 104.0f;
	sum = y * 1.44269504f + round;
	n = sum - round;
	high = y - n * (355.0f / 512.0f);
	low = n * 2.1219444e-4f;
	r = high + low;
	r2 = r * r;
	e = (0.4999999f + 0.16666505f * r) + r2 * ((0.041668132f + 0.008369661f * r) + r2 * 0.0013843854f);
	p = high + (low + r2 * e);
	memcpy(&bits, &sum, sizeof bits);
	bits = (bits << 23) + 0x3F800000u;
	memcpy(&s, &bits, sizeof s);
	return down / (s + (down + s * p));
}
