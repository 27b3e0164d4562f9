static inline float tamis_tanh(float x)
{
	const float a = x < 0.0f ? 0.0f - x : x;
	float y;

	if (a < 0.625f)
		return tamis_tanh_near(x);
	y = 1.0f - 2.0f * tamis_tail(2.0f * a);
	return x < 0.0f ? -y : y;
}
