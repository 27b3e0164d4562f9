static inline float tamis_sigmoid(float x)
{
	const float a = x < 0.0f ? 0.0f - x : x;
	float y;

	if (a < 1.25f)
		return 0.5f + 0.5f * tamis_tanh_near(0.5f * x);
	y = tamis_tail(a);
	return x < 0.0f ? y : 1.0f - y;
}
